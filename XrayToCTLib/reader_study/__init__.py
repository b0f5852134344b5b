"""Reader study: blinded images, judged by people, and what their judgement is worth.

study file -> order of each reader -> session (saved after each answer) -> ratings (unblinded) -> results.
"""

from __future__ import annotations

from .candidate_files import CandidateFile, files_of_folder, files_of_table
from .create import CreatedStudy, create_study
from .image_check import check_images
from .results import StudyResults, study_results, write_results
from .session import Session, open_session
from .standings import Standing, session_standings
from .study import Study
from .study_file import read_study, write_study

__all__ = [
    "CandidateFile",
    "CreatedStudy",
    "Session",
    "Standing",
    "Study",
    "StudyResults",
    "check_images",
    "create_study",
    "files_of_folder",
    "files_of_table",
    "open_session",
    "read_study",
    "session_standings",
    "study_results",
    "write_results",
    "write_study",
]
