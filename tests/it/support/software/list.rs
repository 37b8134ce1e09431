//! Owns the list of the servers and caches: how each is started, and which package has it.

use super::{Software, Start};

const fn server(name: &'static str, package: &'static str, start: Start) -> Software {
    Software {
        name,
        package,
        configuration: "",
        start,
        is_cache: false,
    }
}

const fn configured(configuration: &'static str, software: Software) -> Software {
    Software {
        configuration,
        ..software
    }
}

const fn cache(software: Software) -> Software {
    Software {
        is_cache: true,
        ..software
    }
}

const NGINX: &[&str] = &["/usr/sbin/nginx", "-c", "CONFIGURATION"];

/// All of them, in the order of the page.
pub(crate) const ALL: &[Software] = &[
    configured(
        "daemon off; USER pid AT/pid; error_log AT/error.log; events {} http { access_log off; PATHS
         server { listen 127.0.0.1:PORT; root ROOT; } }",
        server("nginx", "nginx-light", Start::Program(NGINX)),
    ),
    configured(
        "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
         LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
         ServerRoot AT
         ServerName localhost
         Listen 127.0.0.1:PORT
         PidFile AT/pid
         DefaultRuntimeDir AT
         ErrorLog AT/error.log
         User www-data
         Group www-data
         DocumentRoot ROOT
         <Directory ROOT>
         Require all granted
         </Directory>",
        server(
            "Apache",
            "apache2-bin",
            Start::Program(&["/usr/sbin/apache2", "-DFOREGROUND", "-f", "CONFIGURATION"]),
        ),
    ),
    configured(
        "server.document-root = \"ROOT\"
         server.bind = \"127.0.0.1\"
         server.port = PORT
         mimetype.assign = ( \"\" => \"application/octet-stream\" )",
        server(
            "lighttpd",
            "lighttpd",
            Start::Program(&["/usr/sbin/lighttpd", "-D", "-f", "CONFIGURATION"]),
        ),
    ),
    configured(
        "{\nadmin off\nauto_https off\n}\nhttp://127.0.0.1:PORT {\nroot * ROOT\nfile_server\n}\n",
        server(
            "Caddy",
            "caddy",
            Start::Program(&[
                "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "CONFIGURATION",
            ]),
        ),
    ),
    configured(
        "USER\nhosts:\n  default:\n    listen:\n      host: 127.0.0.1\n      port: PORT\n    \
         paths:\n      \
         /:\n        file.dir: ROOT\n",
        server(
            "H2O",
            "h2o",
            Start::Program(&["/usr/bin/h2o", "-m", "worker", "-c", "CONFIGURATION"]),
        ),
    ),
    server(
        "BusyBox httpd",
        "busybox",
        Start::Program(&["busybox", "httpd", "-f", "-p", "127.0.0.1:PORT", "-h", "ROOT"]),
    ),
    server(
        "mini-httpd",
        "mini-httpd",
        Start::Program(&[
            "/usr/sbin/mini_httpd", "-D", "-h", "127.0.0.1", "-p", "PORT", "-d", "ROOT",
        ]),
    ),
    server(
        "webfs",
        "webfs",
        Start::Program(&[
            "/usr/bin/webfsd", "-F", "-4", "-i", "127.0.0.1", "-p", "PORT", "-r", "ROOT",
        ]),
    ),
    server(
        "rclone serve",
        "rclone",
        Start::Program(&["/usr/bin/rclone", "serve", "http", "--addr", "127.0.0.1:PORT", "ROOT"]),
    ),
    server(
        "PHP",
        "php8.2-cli",
        Start::Program(&["/usr/bin/php", "-S", "127.0.0.1:PORT", "-t", "ROOT"]),
    ),
    server(
        "WEBrick",
        "ruby-webrick",
        Start::Program(&[
            "/usr/bin/ruby", "-run", "-e", "httpd", "--", "-b", "127.0.0.1", "-p", "PORT", "ROOT",
        ]),
    ),
    server(
        "http.server",
        "python3",
        Start::Program(&[
            "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "ROOT",
            "PORT",
        ]),
    ),
    server(
        "Twisted",
        "python3-twisted",
        Start::Program(&[
            "/usr/bin/twist3", "web", "--path", "ROOT", "--port", "tcp:PORT:interface=127.0.0.1",
        ]),
    ),
    server(
        "aiohttp",
        "python3-aiohttp",
        Start::Python(
            "from aiohttp import web\n\
             app = web.Application()\n\
             app.router.add_static('/', root)\n\
             web.run_app(app, host='127.0.0.1', port=port, print=None)\n",
        ),
    ),
    server(
        "Tornado",
        "python3-tornado",
        Start::Python(
            "import asyncio\n\
             from tornado import web\n\
             async def main():\n    \
                 handler = (r'/(.*)', web.StaticFileHandler, {'path': root})\n    \
                 web.Application([handler]).listen(port, '127.0.0.1')\n    \
                 await asyncio.Event().wait()\n\
             asyncio.run(main())\n",
        ),
    ),
    server(
        "Werkzeug",
        "python3-werkzeug",
        Start::Python(
            "from werkzeug.exceptions import NotFound\n\
             from werkzeug.middleware.shared_data import SharedDataMiddleware\n\
             from werkzeug.serving import run_simple\n\
             app = SharedDataMiddleware(NotFound(), {'/': root})\n\
             run_simple('127.0.0.1', port, app, threaded=True)\n",
        ),
    ),
    server(
        "CherryPy",
        "python3-cherrypy3",
        Start::Python(
            "import cherrypy\n\
             cherrypy.config.update({'server.socket_host': '127.0.0.1',\n    \
                 'server.socket_port': port,\n    \
                 'engine.autoreload.on': False, 'log.screen': False})\n\
             files = {'tools.staticdir.on': True, 'tools.staticdir.dir': root}\n\
             cherrypy.quickstart(type('Root', (), {})(), '/', {'/': files})\n",
        ),
    ),
    server(
        "Starlette",
        "python3-starlette",
        Start::Python(
            "import uvicorn\n\
             from starlette.staticfiles import StaticFiles\n\
             app = StaticFiles(directory=root)\n\
             uvicorn.run(app, host='127.0.0.1', port=port, log_level='critical')\n",
        ),
    ),
    server(
        "WhiteNoise",
        "python3-whitenoise",
        Start::Python(
            "from gunicorn.app.base import BaseApplication\n\
             from whitenoise import WhiteNoise\n\
             class App(BaseApplication):\n    \
                 def load_config(self):\n        \
                     self.cfg.set('bind', f'127.0.0.1:{port}')\n    \
                 def load(self):\n        \
                     missing = lambda e, start: (start('404 Not Found', []), [b''])[1]\n        \
                     return WhiteNoise(missing, root=root)\n\
             App().run()\n",
        ),
    ),
    server(
        "Express",
        "node-express",
        Start::Node(
            "require('express')().use(require('express').static(root)).listen(port, '127.0.0.1');",
        ),
    ),
    server(
        "http-server",
        "npm:http-server",
        Start::Program(&[
            "node", "NPM/http-server/bin/http-server", "ROOT", "-a", "127.0.0.1", "-p", "PORT",
            "-s",
        ]),
    ),
    server(
        "serve",
        "npm:serve",
        Start::Program(&[
            "node", "NPM/serve/build/main.js", "-L", "-l", "tcp://127.0.0.1:PORT", "ROOT",
        ]),
    ),
    server(
        "sirv",
        "npm:sirv-cli",
        Start::Program(&[
            "node", "NPM/sirv-cli/bin.js", "ROOT", "--host", "127.0.0.1", "--port", "PORT",
            "--quiet",
        ]),
    ),
    cache(configured(
        "vcl 4.1;\nbackend default { .host = \"127.0.0.1\"; .port = \"ROOT\"; }\n",
        server(
            "Varnish",
            "varnish",
            Start::Program(&[
                "/usr/sbin/varnishd", "-F", "-n", "AT/work", "-a", "127.0.0.1:PORT", "-j", "none",
                "-s", "malloc,16m", "-f", "CONFIGURATION",
            ]),
        ),
    )),
    cache(configured(
        "http_port 127.0.0.1:PORT accel defaultsite=localhost no-vhost
         cache_peer 127.0.0.1 parent ROOT 0 no-query originserver
         http_access allow all
         cache_mem 16 MB
         access_log none
         cache_log /dev/null
         pid_filename AT/pid
         coredump_dir AT
         shutdown_lifetime 0 seconds
         visible_hostname localhost
         netdb_filename none",
        server("Squid", "squid", Start::Program(&["/usr/sbin/squid", "-N", "-f", "CONFIGURATION"])),
    )),
    cache(configured(
        "cache c\n  total-max-size 4\n  max-age 60\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
         frontend f\n  bind 127.0.0.1:PORT\n  http-request cache-use c\n  \
         http-response cache-store c\n  default_backend b\n\
         backend b\n  server s 127.0.0.1:ROOT\n",
        server(
            "HAProxy",
            "haproxy",
            Start::Program(&["/usr/sbin/haproxy", "-db", "-f", "CONFIGURATION"]),
        ),
    )),
    cache(configured(
        "daemon off; USER pid AT/pid; error_log AT/error.log; events {} http { access_log off; PATHS
         proxy_cache_path AT/cache keys_zone=c:1m; server { listen 127.0.0.1:PORT;
         location / { proxy_pass http://127.0.0.1:ROOT; proxy_cache c; proxy_cache_valid 1m; } } }",
        server("nginx, proxy", "nginx-light", Start::Program(NGINX)),
    )),
];
