"""How gunicorn serves: ``gunicorn -c python:dashboard.edge.gunicorn``.

https://docs.gunicorn.org/en/stable/settings.html
The number of processes is WEB_CONCURRENCY, which gunicorn reads itself; one, if it is not set.
"""

wsgi_app = "dashboard.wsgi:application"
bind = "127.0.0.1:8000"

# Threads, because a request mostly waits for cal.com.
worker_class = "gthread"
threads = 8

# A stop lets running requests finish: a change at cal.com may take several calls.
graceful_timeout = 90  # seconds
# Longer than a proxy keeps its idle connections (nginx: 60 s), so that it is the one to close.
keepalive = 75  # seconds

limit_request_line = 4094  # bytes
limit_request_fields = 60
limit_request_field_size = 8190  # bytes

# Whom to believe is decided in edge.proxies alone. gunicorn by itself would believe this machine
# and everybody on a unix socket, also about the path.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

errorlog = "-"
accesslog = None  # the proxy in front keeps one
control_socket_disable = True
