"""The usage blocks of the seeds about WebSockets, verbatim, in their order."""

# extensions.md, WebSocket: endpoint, rooms, lifespan
EXTENSIONS = [
    '''\
from fastapi import WebSocket, WebSocketDisconnect
from services.ws import manager

@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(data)
    except WebSocketDisconnect:
        manager.disconnect(client_id)
''',
    '''\
# Join a room
await manager.join_room(client_id, "chat-room")

# Send to room
await manager.broadcast_to_room("chat-room", {"message": "Hello!"})

# Leave room
await manager.leave_room(client_id, "chat-room")
''',
    '''\
@asynccontextmanager
async def lifespan(app: FastAPI):
    await manager.start_pubsub()
    yield
    await manager.stop_pubsub()
''',
]

# infrastructure.md, WebSocket: endpoint, rooms, lifespan
INFRASTRUCTURE = [
    '''\
from fastapi import WebSocket, WebSocketDisconnect
from core.ws import manager

@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(data)
    except WebSocketDisconnect:
        manager.disconnect(client_id)
''',
    '''\
# Join a room
await manager.join_room(client_id, "chat-room")

# Send to room
await manager.broadcast_to_room("chat-room", {"message": "Hello!"})

# Leave room
await manager.leave_room(client_id, "chat-room")
''',
    '''\
@asynccontextmanager
async def lifespan(app: FastAPI):
    await manager.start_pubsub()
    yield
    await manager.stop_pubsub()
''',
]

# websocket-plan.md, section 4: the usage in the module's docstring
PLAN_DOCSTRING = [
    '''\
from core.ws import manager

# In your WebSocket route:
@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(f"Client {client_id}: {data}")
    except WebSocketDisconnect:
        manager.disconnect(client_id)

# Join/leave rooms:
await manager.join_room(client_id, "chat-room-1")
await manager.broadcast_to_room("chat-room-1", {"type": "message", "text": "Hello!"})
await manager.leave_room(client_id, "chat-room-1")

# Send to specific client:
await manager.send_personal(client_id, {"type": "notification", "text": "Welcome!"})
''',
]

# websocket-plan.md, section 8: chat, authentication, background task, dashboard
PLAN_USAGE = [
    '''\
# features/chat/routes.py
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from core.ws import manager

router = APIRouter(prefix="/chat", tags=["chat"])


@router.websocket("/ws/{user_id}")
async def chat_websocket(websocket: WebSocket, user_id: str):
    """WebSocket endpoint for real-time chat."""
    await manager.connect(websocket, user_id)

    try:
        # Join a default room
        await manager.join_room(user_id, "general")

        while True:
            # Receive message from client
            data = await websocket.receive_json()

            # Handle different message types
            match data.get("type"):
                case "message":
                    # Broadcast to room
                    await manager.broadcast_to_room(
                        "general",
                        {
                            "type": "message",
                            "from": user_id,
                            "text": data.get("text"),
                        },
                    )

                case "join_room":
                    room = data.get("room")
                    await manager.join_room(user_id, room)
                    await manager.send_personal(
                        user_id,
                        {"type": "joined", "room": room},
                    )

                case "leave_room":
                    room = data.get("room")
                    await manager.leave_room(user_id, room)

    except WebSocketDisconnect:
        manager.disconnect(user_id)
        # Notify others
        await manager.broadcast_to_room(
            "general",
            {"type": "user_left", "user_id": user_id},
        )
''',
    '''\
# features/notifications/routes.py
from fastapi import WebSocket, WebSocketDisconnect, Query, status
from core.ws import manager
from core.dependencies import get_current_user_ws


@router.websocket("/ws/notifications")
async def notifications_websocket(
    websocket: WebSocket,
    token: str = Query(...),
):
    """Authenticated WebSocket for user notifications."""
    # Validate token before accepting connection
    try:
        user = await get_current_user_ws(token)
    except Exception:
        await websocket.close(code=status.WS_1008_POLICY_VIOLATION)
        return

    await manager.connect(websocket, f"user:{user.id}")

    try:
        # Join user-specific room
        await manager.join_room(f"user:{user.id}", f"notifications:{user.id}")

        while True:
            # Keep connection alive, handle client messages
            data = await websocket.receive_text()

            if data == "ping":
                await manager.send_personal(f"user:{user.id}", "pong")

    except WebSocketDisconnect:
        manager.disconnect(f"user:{user.id}")
''',
    '''\
# features/orders/services.py
from core.ws import manager


async def process_order(order_id: int, user_id: int) -> None:
    """Process order and notify user via WebSocket."""
    # ... process order ...

    # Send real-time notification to user
    await manager.broadcast_to_room(
        f"notifications:{user_id}",
        {
            "type": "order_update",
            "order_id": order_id,
            "status": "completed",
        },
    )
''',
    '''\
# features/dashboard/routes.py
from fastapi import WebSocket, WebSocketDisconnect
from core.ws import manager


@router.websocket("/ws/dashboard/{dashboard_id}")
async def dashboard_websocket(websocket: WebSocket, dashboard_id: str):
    """Real-time dashboard updates."""
    client_id = f"dashboard:{dashboard_id}:{id(websocket)}"

    await manager.connect(websocket, client_id)
    await manager.join_room(client_id, f"dashboard:{dashboard_id}")

    try:
        while True:
            # Handle subscription changes
            data = await websocket.receive_json()

            if data.get("type") == "subscribe":
                widget_id = data.get("widget_id")
                await manager.join_room(client_id, f"widget:{widget_id}")

    except WebSocketDisconnect:
        manager.disconnect(client_id)


# Send updates from anywhere in your code
async def update_widget_data(widget_id: str, data: dict):
    """Push widget update to all subscribed clients."""
    await manager.broadcast_to_room(
        f"widget:{widget_id}",
        {"type": "widget_update", "widget_id": widget_id, "data": data},
    )
''',
]

# websocket-plan.md, section 9: the lifespan
PLAN_LIFESPAN = [
    '''\
# main.py
from contextlib import asynccontextmanager
from fastapi import FastAPI
from core.ws import manager


@asynccontextmanager
async def lifespan(app: FastAPI):
    # Startup
    await manager.start_pubsub()
    yield
    # Shutdown
    await manager.stop_pubsub()


app = FastAPI(lifespan=lifespan)
''',
]

# websocket-plan.md, section 9: the environment
ENVIRONMENT = "WS_REDIS_URL=redis://localhost:6379/2"

# What is served together: a lifespan, the rest, and how many blocks the seeds have of it.
RUN = {
    "extensions": ([EXTENSIONS[2], *EXTENSIONS[:2]], 3),
    "infrastructure": ([INFRASTRUCTURE[2], *INFRASTRUCTURE[:2]], 3),
    "plan": ([*PLAN_LIFESPAN, *PLAN_USAGE, *PLAN_DOCSTRING], 6),
}

LEFT_OUT = {
    "paxx ext add websocket": "the command line is the tool's own, tested with it",
}
