//! How are rows set in columns, for people?
//!
//! Without borders, and never wrapped: a path that is broken in two cannot be pasted. A column in
//! which nothing stands is left out.

use comfy_table::{CellAlignment, Table, presets};

use crate::word::one_line;

/// The rows below their header; cells that are numbers stand at the right of their column.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let is_used = |at: &usize| rows.iter().any(|row| !row[*at].is_empty());
    let used: Vec<usize> = (0..N).filter(is_used).collect();
    table.set_header(used.iter().map(|at| header[*at]));
    for row in rows {
        table.add_row(used.iter().map(|at| one_line(&row[*at])));
    }
    for (column, at) in table.column_iter_mut().zip(&used) {
        column.set_padding((0, 2));
        if rows
            .iter()
            .all(|row| row[*at].parse::<u64>().is_ok() || row[*at].is_empty())
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn empty_columns_are_left_out_and_numbers_stand_at_the_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [
            row(["a", "", "1"]),
            row(["long name", "", "100"]),
            row(["b\nc", "", ""]),
        ];
        let text = table(["name", "none", "count"], &rows);
        assert_eq!(
            text,
            "name       count\na              1\nlong name    100\nb c\n"
        );
        assert_eq!(table(["name"], &[]), "");
    }

    #[test]
    fn nothing_is_wrapped() {
        let long = "word ".repeat(100).trim_end().to_owned();
        assert_eq!(table(["x"], &[[long.clone()]]), format!("x\n{long}\n"));
    }
}
