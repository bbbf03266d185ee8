def create_app():
    from fastapi import FastAPI

    return FastAPI()


app = create_app()
