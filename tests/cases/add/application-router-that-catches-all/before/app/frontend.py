from fastapi import APIRouter

router = APIRouter()


@router.get("/{path:path}")
def index(path: str):
    return "<html>"
