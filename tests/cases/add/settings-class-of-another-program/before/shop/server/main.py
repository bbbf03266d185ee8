from fastapi import FastAPI


def create_app() -> FastAPI:
    from shop.server.config import ServerConfig

    return FastAPI(debug=ServerConfig().debug)
