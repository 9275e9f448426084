"""The JSON API: what the stores hold, read only. FastAPI, Starlette and uvicorn are named in this folder only."""
