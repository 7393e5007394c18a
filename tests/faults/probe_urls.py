"""Pages of the fault tests: nothing but the database, so that only the process tree is tested."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tandem.kernel.doors import public_page


@csrf_exempt
@public_page(reason="A page of the fault tests, on a throw-away installation.")
def write(request: HttpRequest) -> HttpResponse:
    """Store one number; 201 says that it is committed."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO probe (id) VALUES (%s)", [int(request.GET["id"])])
    return HttpResponse(status=201)


urlpatterns = [path("probe", write)]
