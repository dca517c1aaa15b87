"""Kinds of faults between the browser and Holdfast, and the line that mends each, by proxy."""

from enum import StrEnum


class Fault(StrEnum):
    """Kind of a fault. Of each, the log has one warning a minute."""

    UNTRUSTED_PEER = "untrusted proxy"
    FOREIGN_HOST = "other host"
    LOST_PORT = "lost port"
    NO_SCHEME = "no scheme"
    WRONG_SCHEME = "wrong scheme"
    NO_CLIENT = "no client address"
    FORGED_CLIENT = "client address of the client's choice"
    FORGED_REQUEST_ID = "request id of the client's choice"
    FORGED_USER = "person of the client's choice"
    CONTRADICTION = "Forwarded contradicts X-Forwarded-*"
    REMOVED_PREFIX = "removed path"
    OTHER_PREFIX = "other path"
    DOUBLE_PREFIX = "doubled path"
    NULL_ORIGIN = "no origin"
    OTHER_ORIGIN = "other origin"
    LOST_BODY = "lost form"
    REFUSED_BODY = "refused form"
    LOST_COOKIES = "lost cookies"
    REWRITTEN_ERRORS = "rewritten errors"
    STORED_PAGES = "stored pages"
    BUFFERING = "buffered answers"
    REDIRECT_LOOP = "redirect loop"
    REDIRECT = "redirect"
    OTHER_SITE = "other site"
    UNREACHABLE = "unreachable"


NGINX_PATH = "proxy_pass http://127.0.0.1:8000;   # no path after the port"
CADDY_PATH = "reverse_proxy {prefix}/* 127.0.0.1:8000   # not within handle_path"
APACHE_PATH = "ProxyPass {prefix} http://127.0.0.1:8000{prefix}"
TRAEFIK_FORWARDED = (
    "forwardedHeaders: {{insecure: false}}   # of the entry point, without notAppendXForwardedFor"
)
# The values in braces are those of ``diagnosis.Finding``; a brace of a proxy is doubled.
REMEDIES: dict[Fault, dict[str, str]] = {
    Fault.UNTRUSTED_PEER: {"Holdfast": "TRUSTED_PROXIES={peer}"},
    Fault.FOREIGN_HOST: {
        "nginx": "proxy_set_header Host $http_host;",
        "Caddy": "header_up Host {{hostport}}",
        "Apache": "ProxyPreserveHost On",
        "Traefik": "passHostHeader: true",
    },
    Fault.LOST_PORT: {
        "nginx": "proxy_set_header Host $http_host;   # $host loses the port",
        "Caddy": "header_up Host {{hostport}}   # {{host}} loses the port",
        "Apache": "ProxyPreserveHost On",
        "Traefik": "remove: Host   # from customRequestHeaders",
    },
    Fault.NO_SCHEME: {
        "nginx": "proxy_set_header X-Forwarded-Proto $scheme;",
        "Caddy": "header_up X-Forwarded-Proto {{scheme}}",
        "Apache": "RequestHeader set X-Forwarded-Proto expr=%{{REQUEST_SCHEME}}",
        "Traefik": "remove: X-Forwarded-Proto   # from customRequestHeaders",
    },
    Fault.WRONG_SCHEME: {
        "nginx": "proxy_set_header X-Forwarded-Proto https;   # in the inner proxy",
        "Caddy": "trusted_proxies ADDRESS_OF_THE_OUTER_PROXY   # in its reverse_proxy",
        "Apache": "RequestHeader set X-Forwarded-Proto https   # in the inner proxy",
        "Traefik": (
            "forwardedHeaders: {{trustedIPs: [ADDRESS_OF_THE_OUTER_PROXY]}}"
            "   # in the inner proxy's entry point"
        ),
    },
    Fault.NO_CLIENT: {
        "nginx": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "Caddy": "header_up X-Forwarded-For {{remote_host}}",
        "Apache": "ProxyAddHeaders On",
        "Traefik": TRAEFIK_FORWARDED,
    },
    Fault.FORGED_CLIENT: {
        "nginx": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "Caddy": "header_up X-Forwarded-For {{remote_host}}",
        "Apache": "ProxyAddHeaders On",
        "Traefik": TRAEFIK_FORWARDED,
    },
    Fault.FORGED_REQUEST_ID: {
        "nginx": "proxy_set_header X-Request-Id $request_id;",
        "Caddy": "header_up X-Request-Id {{http.request.uuid}}",
        "Apache": 'RequestHeader set X-Request-Id "%{{UNIQUE_ID}}e"   # with mod_unique_id',
        "Traefik": 'X-Request-Id: ""   # in customRequestHeaders; Holdfast then makes one',
    },
    Fault.FORGED_USER: {
        "nginx": 'proxy_set_header {header} "";   # or what auth_request says',
        "Caddy": "request_header -{header}   # before forward_auth",
        "Apache": "RequestHeader unset {header} early",
        "Traefik": '{header}: ""   # in customRequestHeaders, before forwardAuth',
    },
    Fault.CONTRADICTION: {
        "nginx": 'proxy_set_header Forwarded "";',
        "Caddy": "header_up -Forwarded",
        "Apache": "RequestHeader unset Forwarded",
        "Traefik": 'Forwarded: ""   # in customRequestHeaders',
    },
    Fault.REMOVED_PREFIX: {
        "nginx": NGINX_PATH,
        "Caddy": CADDY_PATH,
        "Apache": APACHE_PATH,
        "Traefik": "stripPrefix: {{prefixes: [{prefix}]}}   # says so; replacePathRegex does not",
    },
    Fault.OTHER_PREFIX: {"Holdfast": "PUBLIC_URL={said}"},
    Fault.DOUBLE_PREFIX: {
        "nginx": NGINX_PATH,
        "Caddy": "remove: rewrite * {prefix}{{uri}}",
        "Apache": APACHE_PATH,
        "Traefik": "remove: addPrefix   # the middleware",
    },
    Fault.NULL_ORIGIN: {
        "nginx": "add_header Referrer-Policy same-origin always;   # instead of no-referrer",
        "Caddy": "header Referrer-Policy same-origin",
        "Apache": "Header always set Referrer-Policy same-origin",
        "Traefik": "referrerPolicy: same-origin   # in the middleware headers",
    },
    Fault.OTHER_ORIGIN: {
        "Holdfast": "PUBLIC_URL={said}   # if people are to use that address",
        "nginx": "return 307 {public}$request_uri;   # in the server block of the other address",
    },
    Fault.LOST_BODY: {
        "nginx": "proxy_pass_request_body on;   # no proxy_set_header Content-Length; 308, not 301",
        "Caddy": "redir https://{{host}}{{uri}} 308   # if a redirect emptied the form",
        "Apache": "remove: RequestHeader unset Content-Length   # in redirects R=308, not R=301",
        "Traefik": "(keeps forms, in redirects too; look at what is in front of it)",
    },
    Fault.REFUSED_BODY: {
        "nginx": "client_max_body_size 256k;",
        "Caddy": "max_size 256KB   # in request_body",
        "Apache": "SecRequestBodyNoFilesLimit 262144   # of mod_security; also SecRequestBodyLimit",
        "Traefik": "buffering: {{maxRequestBodyBytes: 262144}}   # or without that middleware",
    },
    Fault.LOST_COOKIES: {
        "nginx": "proxy_set_header Cookie $http_cookie;",
        "Caddy": "remove: header_up -Cookie",
        "Apache": "remove: RequestHeader unset Cookie",
        "Traefik": "remove: Cookie   # from customRequestHeaders",
    },
    Fault.REWRITTEN_ERRORS: {
        "nginx": "proxy_intercept_errors off;",
        "Caddy": "remove: handle_response   # from reverse_proxy",
        "Apache": "ProxyErrorOverride Off",
        "Traefik": "remove: errors   # the middleware",
    },
    Fault.STORED_PAGES: {
        "nginx": "proxy_cache off;",
        "Caddy": "remove: cache",
        "Apache": "CacheDisable {prefix}/",
        "Traefik": "(stores nothing; look for a cache in front of it)",
    },
    Fault.REDIRECT_LOOP: {
        "nginx": (
            "if ($http_x_forwarded_proto != https) {{ return 301 https://$http_host$request_uri; }}"
            "   # in the inner proxy"
        ),
        "Caddy": "http://{host} {{   # of the inner proxy, instead of {host} {{",
        "Apache": "RewriteCond %{{HTTP:X-Forwarded-Proto}} !https   # before the inner redirect",
        "Traefik": "remove: redirectScheme   # or the inner entry point's redirections",
    },
    Fault.BUFFERING: {
        "nginx": "proxy_buffering off;",
        "Caddy": "flush_interval -1",
        "Traefik": "remove: buffering   # the middleware",
    },
}
