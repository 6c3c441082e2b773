"""The tables and users of a local MariaDB, made by deploy/schema/setup_db.py."""

from collections.abc import Callable

from deploy.local import paths
from deploy.local.errors import LocalError
from deploy.local.mariadb import DATABASE, PASSWORD, USER, MariaDb
from deploy.local.secret_files import GRANTS, SecretFiles
from deploy.schema import setup_db
from deploy.schema.apply import SchemaError, Server

CLIENT_HOSTS = ("127.0.0.1", "localhost")
_PREFIX = "coupon_"


def user_of(program: str) -> str:
    """The database user of a program, which is a section of deploy/schema/grants.ini."""
    return _PREFIX + program


def setup_database(
    server: MariaDb, secrets: SecretFiles, tell: Callable[[str], None], database: str = DATABASE
) -> None:
    """Bring the running server to the newest schema and the users to their rights. Raises LocalError."""
    passwords = {user_of(program): secrets.mysql_password_of(program).read_text().strip() for program in GRANTS}
    plan = setup_db.Plan(
        admin=Server("localhost", server.port, server.administrator, "", "", server.socket),
        database=database,
        owner=USER,
        prefix=_PREFIX,
        hosts=CLIENT_HOSTS,
        passwords={USER: PASSWORD, **passwords},
        require="none",
        grants=GRANTS,
    )

    def tell_what_matters(line: str) -> None:
        if not line.startswith("GRANT"):
            tell(f"  database: {line}")

    try:
        setup_db.setup(plan, paths.SCHEMA, tell_what_matters)
    except (SchemaError, setup_db.SetupError) as error:
        raise LocalError(f"schema: {error}") from error
