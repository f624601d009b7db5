"""The profiler with a schedule of steps: what ran, how often, how long; as a table or as a trace."""

from __future__ import annotations

from minigrad.autograd.profiler import DeviceType, record_function
from minigrad.profiler._profile import kineto_available, profile, supported_activities, tensorboard_trace_handler
from minigrad.profiler._schedule import ProfilerAction, ProfilerActivity, schedule

__all__ = [
    "DeviceType",
    "ProfilerAction",
    "ProfilerActivity",
    "kineto_available",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]
