"""`flow_from_dataframe` against recordings of tf_keras; pandas is only the caller's."""

import json
from pathlib import Path

import pytest
from alias_child import run_code
from dataframe_cases import answers, write
from preprocessing_cases import same

from torchkeras.compat.names import preprocessing_image as image

GOLDEN = Path(__file__).parents[1] / "golden" / "dataframe.json"
WANT = json.loads(GOLDEN.read_text())


@pytest.fixture(scope="module")
def got(tmp_path_factory):
    with pytest.warns(UserWarning, match=r"Found 2 invalid image filename\(s\)"):
        found = answers(image, str(tmp_path_factory.mktemp("images")))
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("name", WANT)
def test_as_tf_keras(got, name):
    same(got[name], WANT[name], name)


def test_errors_name_the_column(tmp_path):
    table = write(tmp_path)
    flow = image.ImageDataGenerator().flow_from_dataframe
    for options, match in (
        ({"y_col": "count"}, "y_col='count' must hold strings"),
        ({"weight_col": "class"}, "weight_col='class' must hold numbers"),
        ({"class_mode": "multi_output"}, "y_col must be a list"),
    ):
        with pytest.raises(TypeError, match=match):
            flow(table, str(tmp_path), **options)


def test_pandas_is_not_imported():
    code = "import sys, keras; from keras.preprocessing.image import ImageDataGenerator as I; I()"
    assert run_code(f"{code}; print('pandas' in sys.modules)").stdout == "False\n"
