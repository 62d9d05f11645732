"""The choke point of every request: quota, attempt, error, retry."""

from kentik_async._pipeline.call import Call
from kentik_async._pipeline.pipeline import Pipeline
from kentik_async._pipeline.settings import CallOptions, PipelineSettings, check_kind

__all__ = ["Call", "CallOptions", "Pipeline", "PipelineSettings", "check_kind"]
