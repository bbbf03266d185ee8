"""How applications start and stop: every handler and lifespan of the user's keeps running, and ours run once on every path."""

from shape import Collection, dedent

lifespan = Collection("lifespan")
handlers = Collection("handlers")
making = Collection("making")
names = Collection("names")
mounted = Collection("mounted")

LIFESPAN = """\
@asynccontextmanager
async def lifespan(app):
    print("up")
    yield
    print("down")
"""
HEAD = "from contextlib import asynccontextmanager\n\nfrom fastapi import APIRouter, FastAPI\n\n"
INDEX = '\n\n@app.get("/")\ndef index():\n    return "hello"\n'


def indented(text: str, by: int = 4) -> str:
    return "".join(" " * by + line if line.strip() else line for line in text.splitlines(keepends=True))


# Handlers that exist elsewhere: a lifespan of ours must not silence them

# FastAPI runs what an included router starts behind the application's lifespan, so ours cannot wait for it (`ordered`).

UP = 'async def up():\n    print("opened the database")\n\n\ndef down():\n    print("closed the database")\n\n\n'
for title, body in {
    "app.router.add_event_handler": 'app = FastAPI()\n\n\n%sapp.router.add_event_handler("startup", up)\napp.router.add_event_handler("shutdown", down)\n',
    "app.add_event_handler": 'app = FastAPI()\n\n\n%sapp.add_event_handler("startup", up)\napp.add_event_handler("shutdown", down)\n',
    "add_event_handler by keywords": 'app = FastAPI()\n\n\n%sapp.add_event_handler(func=up, event_type="startup")\n',
    "on_startup append": "app = FastAPI()\n\n\n%sapp.router.on_startup.append(up)\napp.router.on_shutdown.append(down)\n",
    "on_startup extend": "app = FastAPI()\n\n\n%sapp.router.on_startup.extend([up])\n",
    "on_startup insert": "app = FastAPI()\n\n\n%sapp.router.on_startup.insert(0, up)\n",
    "on_startup +=": "app = FastAPI()\n\n\n%sapp.router.on_startup += [up]\n",
    "on_event by a constant": 'STARTUP = "startup"\napp = FastAPI()\n\n\n%sapp.on_event(STARTUP)(up)\n',
    "on_event called": 'app = FastAPI()\n\n\n%sapp.on_event("startup")(up)\n',
    "in a loop": 'app = FastAPI()\n\n\n%sfor event, handler in {"startup": up, "shutdown": down}.items():\n    app.add_event_handler(event, handler)\n',
    "on_startup argument": "%sapp = FastAPI(on_startup=[up], on_shutdown=[down])\n",
    "on_startup argument by a name": "%sSTARTUPS = [up]\napp = FastAPI(on_startup=STARTUPS)\n",
    "on_startup argument, a tuple": "%sapp = FastAPI(on_startup=(up,), on_shutdown=(down,))\n",
    "router in the same module": "router = APIRouter()\n\n\n%srouter.on_event('startup')(up)\napp = FastAPI()\napp.include_router(router)\n",
    "router with on_startup": "%srouter = APIRouter(on_startup=[up], on_shutdown=[down])\napp = FastAPI()\napp.include_router(router)\n",
    "alias of the router": 'app = FastAPI()\nevents = app.router\n\n\n%sevents.add_event_handler("startup", up)\n',
    "alias of the method": 'app = FastAPI()\nregister = app.add_event_handler\n\n\n%sregister("startup", up)\n',
    "by getattr": 'app = FastAPI()\n\n\n%sgetattr(app, "add_event_handler")("startup", up)\n',
    "partial": 'import functools\n\napp = FastAPI()\n\n\n%sapp.add_event_handler("startup", functools.partial(up))\n',
    "under if": 'import os\n\napp = FastAPI()\n\n\n%sif not os.getenv("QUIET"):\n    app.add_event_handler("startup", up)\n',
}.items():
    text = HEAD.replace("from contextlib import asynccontextmanager\n\n", "") + body % UP + INDEX
    # `app.add_event_handler` is gone in FastAPI 0.163
    old = "app.add_event_handler" in body and "router.add" not in body or "getattr" in body
    handlers.main(title, text, envs=({}, {"QUIET": "1"}) if title == "under if" else ({},), python="fastapi-0.115" if old else None, ordered=not title.startswith("router"))

for decorator in ("app.on_event", "app.router.on_event"):
    for argument in ('"startup"', 'event_type="startup"', "STARTUP"):
        handlers.main(f"@{decorator}({argument})", f"""
            from fastapi import FastAPI

            STARTUP = "startup"
            app = FastAPI()


            @{decorator}({argument})
            async def up():
                print("opened the database")
        """)

ROUTER = """
    from fastapi import APIRouter

    router = APIRouter()


    @router.on_event("startup")
    async def up():
        print("opened the database")


    @router.on_event("shutdown")
    async def down():
        print("closed the database")


    @router.get("/items")
    def items():
        return []
"""
for title, body in {
    "router of another module": "from fastapi import FastAPI\n\nfrom app.items import router\n\napp = FastAPI()\napp.include_router(router)\n",
    "router of another module, prefix": 'from fastapi import FastAPI\n\nfrom app import items\n\napp = FastAPI()\napp.include_router(items.router, prefix="/api")\n',
    "router included in a factory": "from fastapi import FastAPI\n\nfrom app.items import router\n\n\ndef create_app():\n    app = FastAPI()\n    app.include_router(router)\n    return app\n\n\napp = create_app()\n",
    "router with a lifespan of ours there": HEAD + "from app.items import router\n\n\n" + LIFESPAN + "\n\napp = FastAPI(lifespan=lifespan)\napp.include_router(router)\n",
}.items():
    handlers.main(title, body, {"app/items.py": ROUTER}, add=("redis", "metrics"), ordered=False)
for title, body in {
    "in a helper of another module": 'def register(application):\n    @application.on_event("startup")\n    async def up():\n        print("opened")\n',
    "add_event_handler in a helper": 'async def up():\n    print("opened")\n\n\ndef register(application):\n    application.add_event_handler("startup", up)\n',
    "on_startup in a helper": 'async def up():\n    print("opened")\n\n\ndef register(application):\n    application.router.on_startup.append(up)\n',
    "closure in a helper": 'def make(app):\n    async def start() -> None:\n        print("opened")\n\n    return start\n\n\ndef register(app):\n    app.add_event_handler("startup", make(app))\n',
}.items():
    handlers.main(title, "from fastapi import FastAPI\n\nfrom app import boot\n\napp = FastAPI()\nboot.register(app)\n", {"app/boot.py": body}, python="fastapi-0.115" if ".add_event_handler" in body else None)
handlers.main("a module that imports the application registers", "from fastapi import FastAPI\n\napp = FastAPI()\n\nfrom app import events  # noqa\n", {"app/events.py": 'from app.main import app\n\n\n@app.on_event("startup")\nasync def up():\n    print("opened")\n'})
handlers.main("a module that imports the application registers, with metrics", "from fastapi import FastAPI\n\napp = FastAPI()\n\nfrom app import events  # noqa\n", {"app/events.py": 'from app.main import app\n\n\n@app.on_event("startup")\nasync def up():\n    print("opened")\n'}, add=("metrics",))
handlers.main("early return", """
    import os

    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def up():
        if not os.getenv("WARM"):
            return
        print("warm")


    @app.on_event("shutdown")
    async def down():
        print("down")
""", envs=({}, {"WARM": "1"}))
handlers.main("early return in the shutdown", """
    import os

    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def up():
        print("up")


    @app.on_event("shutdown")
    async def down():
        if os.getenv("FAST"):
            return
        print("slow")
""", envs=({}, {"FAST": "1"}))
for title, condition in {"in an if": "if os.getenv('WARM'):", "in an if that holds": "if not os.getenv('WARM'):", "in a try": "try:"}.items():
    end = "except AttributeError:\n    pass\n" if condition == "try:" else ""
    handlers.main(f"handler {title}", f'import os\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n{condition}\n    @app.on_event("startup")\n    async def up():\n        print("warm")\n{end}', envs=({}, {"WARM": "1"}))
handlers.main("handler that is not async", 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event("startup")\ndef up():\n    print("up")\n\n\n@app.on_event("shutdown")\ndef down():\n    print("down")\n')
handlers.main("handler that ends in a loop of try", """
    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def up():
        for _ in range(3):
            try:
                print("try")
                return
            except OSError:
                continue
        raise RuntimeError("no database")
""")
handlers.main("several handlers", "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n" + "\n\n".join(f'@app.on_event("startup")\nasync def up{n}():\n    print("up {n}")\n\n\n@app.on_event("shutdown")\nasync def down{n}():\n    print("down {n}")\n' for n in (1, 2)))
handlers.main("handler decorated twice", 'import functools\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef once(f):\n    @functools.wraps(f)\n    async def inner():\n        print("once")\n        await f()\n\n    return inner\n\n\n@app.on_event("startup")\n@once\nasync def up():\n    print("up")\n')
handlers.main("one function for two events", 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event("startup")\n@app.on_event("shutdown")\nasync def tell():\n    print("event")\n')
handlers.main("shutdown alone", 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event("shutdown")\nasync def down():\n    print("down")\n')
handlers.main("handlers and metrics", 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event("startup")\nasync def up():\n    print("up")\n', add=("metrics", "redis", "arq"))

# Lifespans that are not one function with one `yield` on every path

for title, text in {
    "if and else": 'import os\n%s\nif not os.getenv("PROD"):\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("dev")\n        yield\n\nelse:\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("prod")\n        yield\n        print("prod down")\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "try and except": 'import os\n%s\ntry:\n    os.environ["PROD"]\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("prod")\n        yield\n\nexcept KeyError:\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("dev")\n        yield\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "chosen by an expression": 'import os\n%s\n@asynccontextmanager\nasync def dev(app):\n    print("dev")\n    yield\n\n\n@asynccontextmanager\nasync def prod(app):\n    print("prod")\n    yield\n\n\napp = FastAPI(lifespan=prod if os.getenv("PROD") else dev)\n',
    "chosen by a variable": 'import os\n%s\n@asynccontextmanager\nasync def dev(app):\n    print("dev")\n    yield\n\n\n@asynccontextmanager\nasync def prod(app):\n    print("prod")\n    yield\n\n\nlifespan = dev\nif os.getenv("PROD"):\n    lifespan = prod\napp = FastAPI(lifespan=lifespan)\n',
    "match": 'import os\n%s\nmatch os.getenv("PROD"):\n    case "1":\n        @asynccontextmanager\n        async def lifespan(app):\n            print("prod")\n            yield\n    case _:\n        @asynccontextmanager\n        async def lifespan(app):\n            print("dev")\n            yield\n\napp = FastAPI(lifespan=lifespan)\n',
    "two yields": 'import os\n%s\n@asynccontextmanager\nasync def lifespan(app):\n    if os.getenv("PROD"):\n        print("prod")\n        yield\n        print("prod down")\n    else:\n        print("dev")\n        yield\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "yield and return": 'import os\n%s\n@asynccontextmanager\nasync def lifespan(app):\n    if os.getenv("PROD"):\n        print("prod")\n        yield\n        return\n    print("dev")\n    yield\n    print("dev down")\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "a mapping": 'import os\n%s\n@asynccontextmanager\nasync def dev(app):\n    print("dev")\n    yield\n\n\n@asynccontextmanager\nasync def prod(app):\n    print("prod")\n    yield\n\n\napp = FastAPI(lifespan={"1": prod}.get(os.getenv("PROD", ""), dev))\n',
    "application in if": 'import os\n%s\nif os.getenv("PROD"):\n    app = FastAPI(docs_url=None)\nelse:\n    app = FastAPI()\n',
    "application in if, lifespan in one": 'import os\n%s\n@asynccontextmanager\nasync def lifespan(app):\n    print("up")\n    yield\n\n\nif os.getenv("PROD"):\n    app = FastAPI(docs_url=None, lifespan=lifespan)\nelse:\n    app = FastAPI()\n',
    "decorator chosen": 'import os\n%s\nasync def _lifespan(app):\n    print("up")\n    yield\n    print("down")\n\n\nlifespan = asynccontextmanager(_lifespan)\napp = FastAPI(lifespan=lifespan)\n',
    "returns before the yield of a with": 'import os\n%s\n@asynccontextmanager\nasync def inner(app):\n    print("inner")\n    yield\n    print("inner end")\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    if os.getenv("PROD"):\n        async with inner(app):\n            yield\n        return\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "defined twice": "import os\n%s\n@asynccontextmanager\nasync def lifespan(app):\n    print('first')\n    yield\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    print('second')\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "rebound below": "import os\n%s\n@asynccontextmanager\nasync def lifespan(app):\n    print('first')\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    print('never')\n    yield\n",
}.items():
    lifespan.main(title, text % HEAD + INDEX, envs=({}, {"PROD": "1"}), add=("redis", "metrics"))

for title, text in {
    "class with aenter": 'from fastapi import FastAPI\n\n\nclass Life:\n    def __init__(self, app):\n        self.app = app\n\n    async def __aenter__(self):\n        print("up")\n\n    async def __aexit__(self, *error):\n        print("down")\n\n\napp = FastAPI(lifespan=Life)\n',
    "state": HEAD + '\n@asynccontextmanager\nasync def lifespan(app):\n    print("up")\n    yield {"pool": 7}\n    print("down")\n\n\napp = FastAPI(lifespan=lifespan)\n',
    "made by a function": HEAD + '\ndef build(word):\n    @asynccontextmanager\n    async def lifespan(app):\n        print(word)\n        yield\n        print("end", word)\n\n    return lifespan\n\n\napp = FastAPI(lifespan=build("up"))\n',
    "partial": "import functools\n" + HEAD + '\n@asynccontextmanager\nasync def life(app, word):\n    print(word)\n    yield\n    print("end")\n\n\napp = FastAPI(lifespan=functools.partial(life, word="up"))\n',
    "lambda": HEAD + "\n" + LIFESPAN + "\n\napp = FastAPI(lifespan=lambda app: lifespan(app))\n",
    "exit stack": "from contextlib import AsyncExitStack, asynccontextmanager\n\nfrom fastapi import FastAPI\n\n\n@asynccontextmanager\nasync def inner(word):\n    print(word)\n    yield\n    print('end', word)\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    async with AsyncExitStack() as stack:\n        for word in 'ab':\n            await stack.enter_async_context(inner(word))\n        yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "nested with": HEAD + "\n@asynccontextmanager\nasync def inner(app):\n    print('inner')\n    yield\n    print('inner end')\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    async with inner(app):\n        print('up')\n        yield\n        print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "merged": HEAD + "\n@asynccontextmanager\nasync def one(app):\n    print('one')\n    yield {'a': 1}\n    print('one end')\n\n\n@asynccontextmanager\nasync def two(app):\n    print('two')\n    yield {'b': 2}\n    print('two end')\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    async with one(app) as a, two(app) as b:\n        yield {**a, **b}\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "yield in a loop": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    print('up')\n    for state in [{'a': 1}]:\n        yield state\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "yield in try, except, finally": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    try:\n        print('up')\n        yield\n    except OSError:\n        print('error')\n    else:\n        print('well')\n    finally:\n        print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "yield in an expression": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    print('up')\n    got = yield\n    print('down', got)\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "yield on the line of another": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    print('up'); yield; print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "one line": HEAD + "\n@asynccontextmanager\nasync def lifespan(app): yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "suppress around the yield": "from contextlib import asynccontextmanager, suppress\n\nfrom fastapi import FastAPI\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    with suppress(OSError):\n        print('up')\n        yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "early return that cannot be": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    if app is None:\n        return\n    print('up')\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "imported": "from fastapi import FastAPI\n\nfrom app.life import lifespan\n\napp = FastAPI(lifespan=lifespan)\n",
    "imported as": "from fastapi import FastAPI\n\nfrom app.life import lifespan as life\n\napp = FastAPI(lifespan=life)\n",
    "imported as a module": "from fastapi import FastAPI\n\nfrom app import life\n\napp = FastAPI(lifespan=life.lifespan)\n",
    "positional": HEAD + "\n" + LIFESPAN + "\n\nlife = lifespan\napp = FastAPI(lifespan=life)\n",
    "None": "from fastapi import FastAPI\n\napp = FastAPI(lifespan=None)\n",
    "async generator without decorator": "from fastapi import FastAPI\n\n\nasync def lifespan(app):\n    print('up')\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "decorated twice": "import functools\n" + HEAD + "\ndef told(f):\n    @functools.wraps(f)\n    def inner(app):\n        print('told')\n        return f(app)\n\n    return inner\n\n\n@told\n@asynccontextmanager\nasync def lifespan(app):\n    print('up')\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "method": HEAD + "\nclass Container:\n    @asynccontextmanager\n    async def lifespan(self, app):\n        print('up')\n        yield\n        print('down')\n\n\ncontainer = Container()\napp = FastAPI(lifespan=container.lifespan)\n",
    "used by two applications": HEAD + "\n" + LIFESPAN + "\n\nadmin = FastAPI(lifespan=lifespan)\napp = FastAPI(lifespan=lifespan)\n",
    "called by the user's own": HEAD + "\n" + LIFESPAN.replace("lifespan", "base") + "\n\n@asynccontextmanager\nasync def lifespan(app):\n    async with base(app):\n        print('more')\n        yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "create_task before the yield": "import asyncio\n" + HEAD + "\nasync def work():\n    await asyncio.sleep(3600)\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    task = asyncio.create_task(work())\n    print('up')\n    yield\n    task.cancel()\n    try:\n        await task\n    except asyncio.CancelledError:\n        print('cancelled')\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "task group": "import asyncio\n" + HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    async with asyncio.TaskGroup() as group:\n        task = group.create_task(asyncio.sleep(3600))\n        print('up')\n        yield\n        task.cancel()\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n",
}.items():
    lifespan.main(title, text + INDEX, {"app/life.py": "from contextlib import asynccontextmanager\n\n\n" + LIFESPAN} if "app.life" in text or "import life" in text else None, add=("redis", "metrics"), options=("--app", "app.main:app") if "two applications" in title else (), ordered="except, finally" not in title)

# Lifespans that lead to no function of the project: what is there runs as without ours

DEFAULT = HEAD + "\n\nclass Default:\n    def __call__(self, app):\n        return self.run(app)\n\n    @asynccontextmanager\n    async def run(self, app):\n        print('default up')\n        yield {'pool': 1}\n        print('default down')\n\n"
for title, text in {
    "parameter of a factory": HEAD + "\n" + LIFESPAN + "\n\ndef create_app(lifespan=None, **options):\n    return FastAPI(lifespan=lifespan, **options)\n\n\napp = create_app(lifespan=lifespan)\n",
    "parameter of a factory that is not given": HEAD + "\n\ndef create_app(lifespan=None, **options):\n    app = FastAPI(lifespan=lifespan, **options)\n    return app\n\n\napp = create_app()\n",
    "parameter of a factory with a default": DEFAULT + "\ndef create_app(title='x', *, lifespan=None):\n    app = FastAPI(title=title, lifespan=lifespan or Default())\n    return app\n\n\napp = create_app()\n",
    "or a default": DEFAULT + "\ngiven = None\napp = FastAPI(lifespan=given or Default())\n",
    "an instance": DEFAULT + "\napp = FastAPI(lifespan=Default())\n",
    "a method of an instance": DEFAULT + "\napp = FastAPI(lifespan=Default().run)\n",
    "built by a manager": HEAD + "\n\nclass Manager:\n    def __init__(self):\n        self.starts = []\n\n    def add(self, start):\n        self.starts.append(start)\n        return start\n\n    def build(self):\n        @asynccontextmanager\n        async def run(app):\n            for start in self.starts:\n                await start()\n            yield\n            print('end')\n\n        return run\n\n\nmanager = Manager()\n\n\n@manager.add\nasync def up():\n    print('up')\n\n\napp = FastAPI(lifespan=manager.build())\n",
    "options of the settings": "from fastapi import FastAPI\n\nfrom app.config import settings\nfrom app.life import lifespan\n\napp = FastAPI(**settings.fastapi_kwargs)\napp.router.lifespan_context = lifespan\n",
    "lifespan in options of a function": "from fastapi import FastAPI\n\nfrom app.life import lifespan\n\n\ndef options():\n    return {'title': 'x', 'lifespan': lifespan}\n\n\napp = FastAPI(**options())\n",
    "an attribute of an imported object": "from fastapi import FastAPI\n\nfrom app.life import Holder\n\napp = FastAPI(lifespan=Holder.lifespan)\n",
}.items():
    config = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @property\n    def fastapi_kwargs(self) -> dict[str, object]:\n        return {'debug': self.debug, 'title': 'x'}\n\n\nsettings = Settings()\n"
    life = "from contextlib import asynccontextmanager\n\n\n" + LIFESPAN + "\n\nclass Holder:\n    lifespan = staticmethod(lifespan)\n"
    lifespan.main(title, text + INDEX, {"app/life.py": life, "app/config.py": config}, add=("redis", "metrics"))

OTHER = "from contextlib import asynccontextmanager\n\n\n@asynccontextmanager\nasync def other(app):\n    print('other')\n    yield\n    print('other end')\n"
for title, text in {
    "lifespan_context set below": HEAD + "\n@asynccontextmanager\nasync def other(app):\n    print('other')\n    yield\n    print('other end')\n\n\napp = FastAPI()\napp.router.lifespan_context = other\n",
    "lifespan_context set in a helper": "from fastapi import FastAPI\n\nfrom app import boot\n\napp = FastAPI()\nboot.install(app)\n",
    "lifespan_context set in another module's body": "from fastapi import FastAPI\n\napp = FastAPI()\n\nimport app.patch  # noqa\n",
    "lifespan_context wrapped": HEAD + "\n" + LIFESPAN + "\n\napp = FastAPI(lifespan=lifespan)\ninner = app.router.lifespan_context\n\n\n@asynccontextmanager\nasync def outer(application):\n    print('outer')\n    async with inner(application) as state:\n        yield state\n    print('outer end')\n\n\napp.router.lifespan_context = outer\n",
    "lifespan_context by setattr": HEAD + "\n@asynccontextmanager\nasync def other(app):\n    print('other')\n    yield\n\n\napp = FastAPI()\nsetattr(app.router, 'lifespan_context', other)\n",
    "lifespan_context set in a function that is called": HEAD + "\n@asynccontextmanager\nasync def other(app):\n    print('other')\n    yield\n\n\ndef configure():\n    app.router.lifespan_context = other\n\n\napp = FastAPI()\nconfigure()\n",
}.items():
    files = {"app/boot.py": OTHER + "\n\ndef install(application):\n    application.router.lifespan_context = other\n"} if "boot" in text else {}
    if "app.patch" in text:
        text = "from fastapi import FastAPI\n\napp = FastAPI()\n\nfrom app import patch  # noqa\n"
        files = {"app/patch.py": OTHER + "\n\ndef install():\n    from app.main import app\n\n    app.router.lifespan_context = other\n\n\ninstall()\n"}
    lifespan.main(title, text, files, add=("redis", "metrics"), refusal="any")

# Ways to make the application

for title, text in {
    "kwargs with lifespan": HEAD + "\n" + LIFESPAN + '\n\nkw = {"title": "x", "lifespan": lifespan}\napp = FastAPI(**kw)\n',
    "kwargs |=": HEAD + "\n" + LIFESPAN + '\n\noptions = {"title": "x"}\noptions |= {"lifespan": lifespan}\napp = FastAPI(**options)\n',
    "kwargs setdefault": HEAD + "\n" + LIFESPAN + '\n\noptions = {"title": "x"}\noptions.setdefault("lifespan", lifespan)\napp = FastAPI(**options)\n',
    "kwargs update": HEAD + "\n" + LIFESPAN + '\n\noptions = dict(title="x")\noptions.update(lifespan=lifespan)\napp = FastAPI(**options)\n',
    "kwargs item": HEAD + "\n" + LIFESPAN + '\n\noptions = dict(title="x")\noptions["lifespan"] = lifespan\napp = FastAPI(**options)\n',
    "kwargs without lifespan": HEAD + '\noptions = {"title": "x"}\napp = FastAPI(**options)\n',
    "kwargs of a function": HEAD + "\n" + LIFESPAN + '\n\ndef options():\n    return {"lifespan": lifespan}\n\n\napp = FastAPI(**options())\n',
    "kwargs of a parameter": HEAD + "\n" + LIFESPAN + "\n\ndef create_app(**kwargs):\n    return FastAPI(**kwargs)\n\n\napp = create_app(lifespan=lifespan)\n",
    "parameter lifespan": HEAD + "\n" + LIFESPAN + "\n\ndef create_app(lifespan=None):\n    return FastAPI(lifespan=lifespan)\n\n\napp = create_app(lifespan)\n",
    "parameter with default": HEAD + "\n" + LIFESPAN + "\n\ndef create_app(life=lifespan):\n    app = FastAPI(lifespan=life)\n    return app\n\n\napp = create_app()\n",
    "kwargs conditional": "import os\n" + HEAD + "\n" + LIFESPAN + '\n\nkw = {"lifespan": lifespan} if os.getenv("PROD") else {}\napp = FastAPI(**kw)\n',
    "subclass with its own lifespan": HEAD + "\n" + LIFESPAN + '\n\nclass MyApp(FastAPI):\n    def __init__(self, **kwargs):\n        super().__init__(lifespan=lifespan, **kwargs)\n\n\napp = MyApp(title="x")\n',
    "subclass without lifespan": HEAD + '\nclass MyApp(FastAPI):\n    def __init__(self, title):\n        super().__init__(title=title)\n\n\napp = MyApp("x")\n',
    "subclass that takes no arguments": HEAD + '\nclass MyApp(FastAPI):\n    def __init__(self):\n        super().__init__(title="x")\n\n\napp = MyApp()\n',
    "subclass with handlers": HEAD + '\nclass MyApp(FastAPI):\n    def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        self.router.on_startup.append(self.up)\n\n    async def up(self):\n        print("up")\n\n\napp = MyApp()\n',
    "subclass that adds nothing": HEAD + "\nclass MyApp(FastAPI):\n    pass\n\n\napp = MyApp()\n",
    "subclass of a subclass": HEAD + "\n" + LIFESPAN + '\n\nclass Base(FastAPI):\n    def __init__(self, *args, **kwargs):\n        kwargs["lifespan"] = lifespan\n        super().__init__(*args, **kwargs)\n\n\nclass MyApp(Base):\n    pass\n\n\napp = MyApp()\n',
    "lazy import": "def create_app():\n    from fastapi import FastAPI\n\n    return FastAPI()\n\n\napp = create_app()\n",
    "lazy import, named": "def create_app():\n    from fastapi import FastAPI\n\n    app = FastAPI()\n\n    @app.get('/')\n    def index():\n        return 1\n\n    return app\n\n\napp = create_app()\n",
    "lazy import of the module": "def create_app():\n    import fastapi\n\n    app = fastapi.FastAPI()\n    return app\n\n\napp = create_app()\n",
    "FastAPI for type checking": "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from fastapi import FastAPI\n\n\ndef create_app() -> FastAPI:\n    from fastapi import FastAPI\n\n    return FastAPI()\n\n\napp = create_app()\n",
    "return in try": "from fastapi import FastAPI\n\n\ndef routes(app):\n    print('routes')\n\n\ndef create_app():\n    app = FastAPI()\n    try:\n        routes(app)\n        return app\n    finally:\n        print('made')\n\n\napp = create_app()\n",
    "return in with": "from contextlib import suppress\n\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n    with suppress(KeyError):\n        print('made')\n        return app\n\n\napp = create_app()\n",
    "two returns": "import os\n\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n    if os.getenv('PROD'):\n        return app\n\n    @app.get('/debug')\n    def debug():\n        return 1\n\n    return app\n\n\napp = create_app()\n",
    "returns in if and else": "import os\n\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n    if os.getenv('PROD'):\n        print('prod')\n        return app\n    else:\n        print('dev')\n        return app\n\n\napp = create_app()\n",
    "made in two returns": "import os\n\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    if os.getenv('PROD'):\n        return FastAPI(docs_url=None)\n    return FastAPI()\n\n\napp = create_app()\n",
    "two factories": "from fastapi import FastAPI\n\n\ndef make_base():\n    app = FastAPI()\n    return app\n\n\ndef create_app():\n    app = make_base()\n    print('made')\n    return app\n\n\napp = create_app()\n",
    "method of a class": "from fastapi import FastAPI\n\n\nclass Server:\n    def __init__(self):\n        self.app = FastAPI()\n        self.routes()\n\n    def routes(self):\n        @self.app.get('/')\n        def index():\n            return 1\n\n\nserver = Server()\napp = server.app\n",
    "walrus": "from fastapi import FastAPI\n\nif app := FastAPI():\n    print('made')\n",
    "annotated": "from fastapi import FastAPI\n\napp: FastAPI = FastAPI()\n",
    "two names": "from fastapi import FastAPI\n\napp = application = FastAPI()\n",
    "tuple": "from fastapi import FastAPI\n\napp, answer = FastAPI(), 42\n",
    "module import": "import fastapi\n\napp = fastapi.FastAPI()\n",
    "alias": "from fastapi import FastAPI as API\n\napp = API()\n",
    "alias of the class": "from fastapi import FastAPI\n\nAPI = FastAPI\napp = API()\n",
    "wrapped by a function": "from fastapi import FastAPI\n\n\ndef instrument(app):\n    app.title = 'x'\n    return app\n\n\napp = instrument(FastAPI())\n",
    "wrapped by a middleware": "from fastapi import FastAPI\nfrom starlette.middleware.cors import CORSMiddleware\n\napi = FastAPI()\n\n\n@api.get('/')\ndef index():\n    return 1\n\n\napp = CORSMiddleware(api, allow_origins=['*'])\n",
    "rebound to a middleware": "from fastapi import FastAPI\nfrom starlette.middleware.cors import CORSMiddleware\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index():\n    return 1\n\n\napp = CORSMiddleware(app, allow_origins=['*'])\n",
    "in try": "from fastapi import FastAPI\n\ntry:\n    app = FastAPI()\nexcept OSError:\n    raise\n",
    "in with": "import warnings\n\nfrom fastapi import FastAPI\n\nwith warnings.catch_warnings():\n    app = FastAPI()\n",
    "for one line": "from fastapi import FastAPI; app = FastAPI()\n",
    "global in a function": "from fastapi import FastAPI\n\napp = None\n\n\ndef init():\n    global app\n    app = FastAPI()\n\n\ninit()\n",
    "cached factory": "from functools import lru_cache\n\nfrom fastapi import FastAPI\n\n\n@lru_cache\ndef get_app():\n    app = FastAPI()\n    return app\n\n\napp = get_app()\n",
    "held by an object that serves it": "from fastapi import FastAPI\n\n\nclass Api:\n    def __init__(self, app):\n        self.app = app\n\n\napi = Api(app=FastAPI())\n\n\n@api.app.get('/')\ndef index():\n    return 'hello'\n\n\napp = api.app\n",
    "held by an object that a factory returns": "from fastapi import FastAPI\n\n\nclass Api:\n    def __init__(self, app):\n        self.app = app\n\n\ndef make():\n    api = Api(app=FastAPI(lifespan=None))\n    return api\n\n\ndef get_app():\n    made = make()\n    return made.app\n\n\napp = get_app()\n",
    "factory nested": "from fastapi import FastAPI\n\n\ndef outer():\n    def inner():\n        app = FastAPI()\n        return app\n\n    return inner()\n\n\napp = outer()\n",
}.items():
    making.main(title, text, add=("redis", "metrics"), envs=({}, {"PROD": "1"}) if "PROD" in text else ({},), refusal="any" if title in ("method of a class", "for one line", "walrus", "tuple", "wrapped by a middleware", "rebound to a middleware", "global in a function", "kwargs of a parameter", "application in if", "two factories", "in with", "in try", "made in two returns", "wrapped by a function", "alias of the class", "factory nested") else None)

# Names that stand for something else

for name, where in (("start_redis", "parameter"), ("stop_redis", "parameter"), ("start_redis", "local"), ("stop_redis", "local"), ("start_redis", "global"), ("stop_redis", "import")):
    if where == "parameter":
        text = HEAD + f"\n@asynccontextmanager\nasync def lifespan(app, {name}=None):\n    print('up', {name})\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n"
    elif where == "local":
        text = HEAD + f"\n@asynccontextmanager\nasync def lifespan(app):\n    {name} = 'mine'\n    print('up', {name})\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n"
    elif where == "global":
        text = HEAD + f"\ndef {name}():\n    print('mine')\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    {name}()\n    yield\n    print('down')\n\n\napp = FastAPI(lifespan=lifespan)\n"
    else:
        text = HEAD + f"from app.mine import {name}\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    print('up')\n    yield\n    {name}()\n\n\napp = FastAPI(lifespan=lifespan)\n"
    names.main(f"{name} is a {where}", text, {"app/mine.py": f"def {name}():\n    print('mine')\n"}, refusal="any")
for title, text in {
    "lifespan is a module": "from fastapi import FastAPI\n\nfrom app import lifespan\n\napp = FastAPI()\nprint(lifespan.WORD)\n",
    "lifespan is a function": "from fastapi import FastAPI\n\n\ndef lifespan():\n    return 7\n\n\napp = FastAPI(title=str(lifespan()))\n",
    "local in a for": HEAD + "\n@asynccontextmanager\nasync def lifespan(app):\n    for start_redis in ['a']:\n        print(start_redis)\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "local by with": HEAD + "\nimport io\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    with io.StringIO() as stop_redis:\n        print('up', stop_redis.closed)\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
    "app shadowed in the factory": "from fastapi import FastAPI\n\n\ndef create_app(app=None):\n    app = app or FastAPI()\n    return app\n\n\napp = create_app()\n",
    "asynccontextmanager is the user's": "from fastapi import FastAPI\n\n\ndef asynccontextmanager():\n    return 'mine'\n\n\napp = FastAPI(title=asynccontextmanager())\n",
    "AsyncIterator is the user's": "from fastapi import FastAPI\n\n\nclass AsyncIterator:\n    pass\n\n\napp = FastAPI(title=AsyncIterator.__name__)\n",
    "deleted names": "from fastapi import FastAPI\n\napp = FastAPI()\ndel FastAPI\n",
    "start_redis bound below": HEAD + "\n" + LIFESPAN + "\n\napp = FastAPI(lifespan=lifespan)\nstart_redis = 7\n",
    "setup_tracing is the user's": "from fastapi import FastAPI\n\n\ndef setup_tracing(app):\n    print('mine')\n\n\napp = FastAPI()\nsetup_tracing(app)\n",
    "MetricsMiddleware is the user's": "from fastapi import FastAPI\n\n\nclass MetricsMiddleware:\n    def __init__(self, app):\n        self.app = app\n\n    async def __call__(self, scope, receive, send):\n        await self.app(scope, receive, send)\n\n\napp = FastAPI()\napp.add_middleware(MetricsMiddleware)\n",
}.items():
    names.main(title, text, {"app/lifespan.py": "WORD = 'mine'\n"} if "is a module" in title else None, add=("metrics",) if "tracing" in title or "Metrics" in title else ("redis",), refusal="any")

# An application that another one mounts: its own lifespan never runs

for title, text in {
    "mounted in another FastAPI": "from fastapi import FastAPI\n\nfrom app.api import api\n\napp = FastAPI()\napp.mount('/api', api)\n",
    "mounted by Starlette": "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n\nfrom app.api import api\n\napp = Starlette(routes=[Mount('/api', app=api)])\n",
    "mounted in the same module": None,
}.items():
    if text is None:
        text = "from fastapi import FastAPI\n\napi = FastAPI()\n\n\n@api.get('/x')\ndef x():\n    return 1\n\n\napp = FastAPI()\napp.mount('/api', api)\n"
        mounted.main(title, text, requests=("/api/x", "/nope"), add=("redis", "metrics"), refusal="any", options=("--app", "app.main:app"))
        mounted.main(title + ", unasked", text, requests=("/api/x", "/nope"), refusal="any")
        mounted.main(title + ", the inner one", text, requests=("/api/x", "/nope"), refusal="any", options=("--app", "app.main:api"))
    else:
        api = "from fastapi import FastAPI\n\napi = FastAPI()\n\n\n@api.get('/x')\ndef x():\n    return 1\n"
        mounted.main(title, text, {"app/api.py": api}, requests=("/api/x", "/nope"), refusal="any")
        mounted.main(title + ", asked for the inner one", text, {"app/api.py": api}, requests=("/api/x", "/nope"), refusal="any", options=("--app", "app.api:api"))
for title, files in {
    "switched off by an option of uvicorn": {"Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["uvicorn", "app.main:app", "--lifespan", "off"]\n'},
    "switched off by a command of uvicorn": {"Procfile": "web: uvicorn app.main:app --lifespan off\n"},
    "switched off by an argument of uvicorn": {"serve.py": 'import uvicorn\n\nuvicorn.run("app.main:app", lifespan="off")\n'},
}.items():
    lifespan.add(title, files, refusal=("PX504",))
    lifespan.add(f"{title}, metrics alone", files, add=("metrics",), options=("--set", "metrics.parts=metrics"))
lifespan.add("switched off in a comment", {"Dockerfile": 'FROM python:3.12\nCOPY . .\n# not with --lifespan off\nCMD ["uvicorn", "app.main:app"]\n'})
