"""The gateway's endpoints under /v1; each module or package is one subject."""
