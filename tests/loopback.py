"""A server on this machine whose answers tests choose: a path -> bytes, or a function."""

import contextlib
import http.server
import threading


class Server:
    """What it answers, and what it was asked."""

    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}/"
        self.files = {}  # path -> bytes, or function of the request handler
        self.asked = []


@contextlib.contextmanager
def server():
    """Serve until the end of the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0].lstrip("/")
            state.asked.append(path)
            found = state.files.get(path)
            if found is None:
                self.send_error(404, "File not found")
            elif callable(found):
                found(self)
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

        def log_message(self, *args):
            pass

    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(http_server.server_port)
    thread = threading.Thread(target=http_server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http_server.shutdown()
        http_server.server_close()
        thread.join()


def redirect(to):
    """An answer that sends elsewhere."""

    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def cut(content, told):
    """An answer that ends before the length it told."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(told))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def endless(handler):
    """An answer that does not tell its length."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"all of it")
