"""The single path of every request: quota, attempt, error, retry."""

from kentik_async._pipeline.call import CallOptions, PipelineSettings, check_type
from kentik_async._pipeline.pipeline import Pipeline

__all__ = ["CallOptions", "Pipeline", "PipelineSettings", "check_type"]
