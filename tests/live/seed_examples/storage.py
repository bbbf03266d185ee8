"""The usage blocks of the seeds for `storage`, verbatim, and what is done with each."""

# infrastructure.md, "Storage", "Usage"; `core` is the services package of this project.
USAGE = '''\
from core.storage import get_storage

storage = get_storage()

# Upload a file
url = await storage.upload("images/photo.jpg", file_data)

# Download a file
data = await storage.download("images/photo.jpg")

# Delete a file
await storage.delete("images/photo.jpg")

# Check if file exists
exists = await storage.exists("images/photo.jpg")
'''

# infrastructure.md, "Storage", "MinIO Testing", step 4; read as an env file.
ENVIRONMENT = """\
STORAGE_BACKEND=s3
STORAGE_S3_BUCKET=my-bucket
STORAGE_S3_ENDPOINT_URL=http://localhost:9000
STORAGE_S3_ACCESS_KEY=minioadmin
STORAGE_S3_SECRET_KEY=minioadmin
"""

RUN = [USAGE, ENVIRONMENT]

LEFT_OUT = {
    "paxx infra add storage": "the command line is the tool's own, tested with it",
    "docker compose up -d minio": "needs a container engine; moto stands in for MinIO",
}
