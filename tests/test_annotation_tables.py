"""Tables of annotated craters."""

import numpy as np
import pytest

from sgan_classifier.datasets._boxes import read_boxes
from sgan_classifier.exceptions import InvalidInputError


@pytest.mark.parametrize(
    "text",
    [
        "ID,X,Y,W,H\n7,1,2,3,4\n8,5,6,7,8.5\n",
        "ID\tX\tY\tW\tH\tC_X\n7\t1\t2\t3\t4\t0\n8\t5\t6\t7\t8.5\t0",
        "x, y, w, h, name\n1,2,3,4,a\n\n5,6,7,8.5,b\n  \n",
        '"ID","X","Y","W","H"\n"a, b",1,2,3,4\n"c",5,6,7,8.5\n',
        "\ufeffH,W,Y,X\r\n4,3,2,1\r\n8.5,7,6,5\r\n",
        "X;Y;W;H;diameter\n1;2;3;4;9\n5;6;7;8.5;9\n",
    ],
)
def test_columns_are_found_by_their_names(tmp_path, text):
    path = tmp_path / "boxes.csv"
    path.write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(read_boxes(path), [[1, 2, 3, 4], [5, 6, 7, 8.5]])


def test_centres_and_diameters_are_read_as_a_scan_writes_them(tmp_path):
    path = tmp_path / "candidates.csv"
    path.write_text("x,y,map_x,map_y,diameter,score\n10,20,1,1,8,0.5\n7.5,6,1,1,3,0.4\n")
    np.testing.assert_array_equal(read_boxes(path), [[6, 16, 8, 8], [6, 4.5, 3, 3]])
    path.write_text("x,y,diameter\n10,20,0\n")
    with pytest.raises(InvalidInputError, match="each of X, Y, DIAMETER, those of size above 0"):
        read_boxes(path)


def test_a_table_of_names_alone_has_no_boxes(tmp_path):
    (tmp_path / "boxes.csv").write_text("ID,X,Y,W,H\n")
    assert read_boxes(tmp_path / "boxes.csv").shape == (0, 4)


def test_other_encodings_do_no_harm(tmp_path):
    (tmp_path / "boxes.csv").write_bytes("X,Y,W,H,remark\n1,2,3,4,größer\n".encode("latin-1"))
    np.testing.assert_array_equal(read_boxes(tmp_path / "boxes.csv"), [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no column X, Y, W, H"),
        ("7,1,2,3,4\n8,5,6,7,8\n", "names no column X"),
        ("ID,X,Y,W\n7,1,2,3\n", "names no column H"),
        ("ID,X,Y,W,H\n7,1,2,3,4\n8,5,6\n", "line 3, '8,5,6',"),
        ("ID,X,Y,W,H\n7,1,nan,3,4\n", "line 2"),
        ("ID,X,Y,W,H\n7,one,2,3,4\n", "line 2"),
        ("ID,X,Y,W,H\n7,1,2,-3,4\n", "line 2"),
        ('ID,X,Y,W,H\n"a\nb",1,2,3,4\n8,5\n', "line 4, '8,5',"),
        ('X,Y,W,H,note\n1,1,2,2,ok\n1,1,2,2,"fresh\n5,5,2,2,ok\n', "line 3 .*quotation mark"),
        ('X,Y,W,H,note\n1,1,2,2,"old\n5,5,2,2,"fresh\n', "line 2 .*quotation mark"),
        (f"X,Y,W,H,note\n1,1,2,2,{'a' * 200_000}\n", "line 2 .*field limit"),
    ],
)
def test_what_is_no_table_is_refused_by_line(tmp_path, text, message):
    path = tmp_path / "boxes.csv"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_boxes(path)
    assert "boxes.csv" in str(caught.value)
