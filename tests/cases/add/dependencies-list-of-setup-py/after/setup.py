from setuptools import find_packages, setup

setup(
    name="demo",
    packages=find_packages(),
    install_requires=[
        "fastapi",
        "pydantic-settings",
        "redis[hiredis]>=5.0.2",
        "uvicorn",  # the server
    ],
)
