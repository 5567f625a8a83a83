"""Where the server is reached from outside."""

from regulars.http.requests import HttpRequest, header, services


def base_url(request: HttpRequest) -> str:
    """The server's address as set, or else as this request used it."""
    public_url = services(request).settings.public_url
    if public_url is not None:
        return public_url.rstrip("/")
    host = header(request, "host")
    return f"{request.scope['scheme']}://{host}" if host is not None else ""
