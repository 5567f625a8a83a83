"""What the operator's page and its sign-in say about themselves in the OpenAPI document."""

from regulars.contracts.sessions.descriptions import TOO_MANY_REQUESTS, UNAUTHORIZED, error
from regulars.contracts.sessions.descriptions_pages import page
from regulars.contracts.sessions.wire_events import AdminQuery, SignInForm
from regulars.http.openapi import Operation

FORM = "application/x-www-form-urlencoded"

_FORM_AGAIN = page("The form again, with what was wrong, where a page is asked for.")
_SIGN_IN_FORM = page("The form to sign in, where a page is asked for.")
_SORRY = page("A page that says so, where a page is asked for.")

ADMIN_PAGE = Operation(
    summary="Show a venue's figures",
    description="The last 24 hours. Whoever has signed in and names no venue may choose one.",
    query=AdminQuery,
    answers={
        200: page("The page."),
        400: (error("venue_id_required", "invalid_venue_id"), _SORRY),
        401: (UNAUTHORIZED, _SIGN_IN_FORM),
        404: (error("venue_not_found"), page("The venues to choose from, for whoever has signed in.")),
        503: (error("service_unavailable"), _SORRY),
    },
)
SIGN_IN = Operation(
    summary="Sign in to the admin page",
    description="Sets a cookie that opens the page for twelve hours, as long as the key works.",
    body=SignInForm,
    body_media_type=FORM,
    answers={
        303: None,
        400: (
            error("admin_key_required", "invalid_admin_key", "invalid_venue_id", "invalid_json"),
            _FORM_AGAIN,
        ),
        401: (UNAUTHORIZED, _FORM_AGAIN),
        408: (error("request_timeout"), _FORM_AGAIN),
        413: (error("request_too_large"), _FORM_AGAIN),
        429: (TOO_MANY_REQUESTS, _FORM_AGAIN),
        503: (error("service_unavailable"), _FORM_AGAIN),
    },
)
SIGN_OUT = Operation(
    summary="Sign out of the admin page",
    description="Clears the cookie.",
    answers={303: None, 401: (UNAUTHORIZED, _SIGN_IN_FORM)},
)
