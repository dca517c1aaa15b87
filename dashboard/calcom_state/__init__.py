"""Keep what all processes know of cal.com: its clock, its rate allowance and its last lists."""
