from fastapi import FastAPI


def routes(app):
    pass


def create_app():
    app = FastAPI()
    try:
        routes(app)
        return app
    finally:
        print("made")


app = create_app()
