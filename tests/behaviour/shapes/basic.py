"""Plain projects, in the ways in which most are written: nothing here may be refused."""

from shape import FLAT, Collection

basic = Collection("basic")

basic.add("package")
basic.add("all components", add=("redis", "metrics", "arq", "storage", "websocket", "postgis"))
for component in ("metrics", "arq", "storage", "websocket", "postgis"):
    basic.add(component, add=(component,))
basic.add("flat", base="flat", target="main:app", add=("redis", "metrics"))
basic.add("no compose, no env example", {"compose.yml": None, ".env.example": None}, add=("redis", "metrics"))
basic.add("flat without settings", {"config.py": None, "main.py": FLAT["main.py"].replace("from config import settings\n\n", "").replace("settings.debug", "False")}, base="flat", target="main:app")

basic.main("lifespan of the user's", """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI

    from app.config import settings


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        print("up", settings.debug)
        yield {"answer": 42}
        print("down")


    app = FastAPI(lifespan=lifespan)


    @app.get("/")
    def index():
        return "hello"
""", add=("redis", "metrics", "arq"))
basic.main("try and finally", """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        print("up")
        try:
            yield
        finally:
            print("down")


    app = FastAPI(lifespan=lifespan)
""")
basic.main("handlers", """
    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def up():
        print("up")


    @app.on_event("shutdown")
    async def down():
        print("down")
""")
basic.main("factory", """
    from fastapi import FastAPI

    from app.config import settings


    def create_app() -> FastAPI:
        app = FastAPI(debug=settings.debug)

        @app.get("/")
        def index():
            return "hello"

        return app


    app = create_app()
""", add=("redis", "metrics"))
basic.main("factory alone", """
    from fastapi import FastAPI


    def create_app() -> FastAPI:
        app = FastAPI()
        return app
""", {"compose.yml": "services:\n  app:\n    build: .\n    command: uvicorn --factory app.main:create_app\n"}, target="app.main:create_app", factory=True, add=("redis", "metrics"))
basic.main("no blank line behind the imports", """
    from fastapi import FastAPI
    app = FastAPI()


    @app.get("/")
    def index():
        return "hello"
""", add=("redis", "metrics"))
