"""The report: its template and its style."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("finerworks.report")
