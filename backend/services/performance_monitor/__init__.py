"""PerformanceMonitor: requests, AI calls, caches, database and machine over all workers; alerts and Prometheus."""

from backend.services.performance_monitor.monitor import PerformanceMonitor
from backend.services.performance_monitor.rollups import WindowName

__all__ = ["PerformanceMonitor", "WindowName"]
