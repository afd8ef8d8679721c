"""fsspec's own tests of reading, run against mews://.

They want files of names and folders of their own choice, so a tree of other names is laid over the
parts of one export. What is written, copied or moved does not apply.
"""

from hashlib import md5

import pytest
from fsspec.tests.abstract import AbstractFixtures, AbstractGetTests

from mews_frames._bridges.filesystem import MewsFileSystem

SOURCE = "source"


class Renamed(MewsFileSystem):
    """Parts of one export under other names: ``tree`` holds the number of a part by its name."""

    def __init__(self, *, export, **options):
        super().__init__(**options)
        self.export, self.tree = export, {}

    def _real(self, path):
        number = self.tree.get(self._strip_protocol(path))
        return f"{self.export.id}/part-{number:05}.jsonl" if number else path

    def touch(self, path):
        self.tree[path] = len(self.tree) % len(self.export.files) + 1

    def makedirs(self, path, exist_ok=False):  # noqa: FBT002 - of fsspec
        """Do nothing: folders are there when something is in them."""

    mkdir = makedirs

    def info(self, path):
        path = self._strip_protocol(path)
        if any(name.startswith(path + "/") for name in self.tree):
            return {"name": path, "size": 0, "type": "directory"}
        real = super().info(self._real(path))
        return real | {"name": path} if path in self.tree else real

    def ls(self, path, detail=True):  # noqa: FBT002 - of fsspec
        path = self._strip_protocol(path)
        if path in self.tree:
            return [self.info(path)]
        below = [n.removeprefix(path + "/") for n in self.tree if n.startswith(path + "/")]
        names = sorted({f"{path}/{name.split('/')[0]}" for name in below})
        return [self.info(name) for name in names] if detail else names

    def _open(self, path, **options):
        return super()._open(self._real(path), **options)


class TestReading(AbstractFixtures, AbstractGetTests):
    @pytest.fixture
    def fs(self, open_shop):
        shop = open_shop(records={"Bill": [b"%d" % number for number in range(10)]})
        return Renamed(client=shop.client, export=shop.finished("Bill"))

    @pytest.fixture
    def fs_path(self):
        return SOURCE

    @pytest.fixture
    def fs_join(self):
        return lambda *names: "/".join(names)

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self, fs, fs_join, fs_path):
        return self._bulk_operations_scenario_0(fs, fs_join, fs_path)

    @pytest.fixture
    def fs_glob_edge_cases_files(self, fs, fs_join, fs_path):
        return self._glob_edge_cases_files(fs, fs_join, fs_path)

    @pytest.fixture
    def fs_dir_and_file_with_same_name_prefix(self, fs, fs_join, fs_path):
        return self._dir_and_file_with_same_name_prefix(fs, fs_join, fs_path)

    @pytest.fixture
    def fs_10_files_with_hashed_names(self, fs):
        for number in range(10):
            fs.touch(f"{SOURCE}/{md5(str(number).encode()).hexdigest()}.txt")  # noqa: S324 - theirs
        return SOURCE
