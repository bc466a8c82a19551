//! An **answer**: rows of a query, in the form asked for.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{ContentArrangement, Table};
use futures::{Stream, StreamExt as _};
use std::sync::Arc;

use super::text;
use crate::arguments::AnswerFormat;

/// Rows that a table shows; further ones are counted.
const TABLE_ROWS_MAX: usize = 10_000;

/// Where an answer goes: the file named, else standard output.
pub(crate) fn open(file: Option<&Path>, format: AnswerFormat) -> Result<Box<dyn Write + Send>> {
    if let Some(path) = file {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        return Ok(Box::new(BufWriter::new(file)));
    }
    let stdout = std::io::stdout();
    ensure!(
        format != AnswerFormat::Parquet || !stdout.is_terminal(),
        "Parquet is not for terminals: add --output FILE"
    );
    Ok(Box::new(BufWriter::new(stdout)))
}

/// Writes batches as they come. Tables need all rows to find their widths, the
/// other forms are written batch by batch.
pub(crate) async fn write<E: std::error::Error + Send + Sync + 'static>(
    mut batches: impl Stream<Item = Result<RecordBatch, E>> + Unpin,
    schema: SchemaRef,
    format: AnswerFormat,
    out: &mut (impl Write + Send),
) -> Result<u64> {
    let mut rows = 0;
    match format {
        AnswerFormat::Table | AnswerFormat::Markdown => {
            let mut table = table(&schema, format);
            while let Some(batch) = batches.next().await {
                rows += add_rows(&mut table, &batch.context("the query failed")?, format)?;
            }
            writeln!(out, "{table}")?;
        }
        AnswerFormat::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut *out);
            writer.write(&as_text(&RecordBatch::new_empty(schema))?)?;
            while let Some(batch) = batches.next().await {
                let batch = batch.context("the query failed")?;
                rows += batch.num_rows() as u64;
                writer.write(&as_text(&batch)?)?;
            }
        }
        AnswerFormat::Json => {
            let mut writer = arrow::json::WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, arrow::json::writer::JsonArray>(&mut *out);
            while let Some(batch) = batches.next().await {
                let batch = batch.context("the query failed")?;
                rows += batch.num_rows() as u64;
                writer.write(&batch)?;
            }
            writer.finish()?;
            writeln!(out)?;
        }
        AnswerFormat::Ndjson => {
            let mut writer = arrow::json::WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, arrow::json::writer::LineDelimited>(&mut *out);
            while let Some(batch) = batches.next().await {
                let batch = batch.context("the query failed")?;
                rows += batch.num_rows() as u64;
                writer.write(&batch)?;
            }
            writer.finish()?;
        }
        AnswerFormat::Parquet => {
            let mut writer = parquet::arrow::ArrowWriter::try_new(&mut *out, schema, None)?;
            while let Some(batch) = batches.next().await {
                let batch = batch.context("the query failed")?;
                rows += batch.num_rows() as u64;
                writer.write(&batch)?;
            }
            writer.close()?;
        }
    }
    out.flush()?;
    Ok(rows)
}

/// An empty table in KeyTrail's look.
pub(crate) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn table(schema: &SchemaRef, format: AnswerFormat) -> Table {
    let mut table = plain_table();
    if format == AnswerFormat::Markdown {
        table.load_style(ASCII_MARKDOWN);
    }
    table.set_header(schema.fields().iter().map(|field| cell(field.name(), format)));
    table
}

fn cell(value: &str, format: AnswerFormat) -> String {
    if format == AnswerFormat::Markdown { text::markdown(value) } else { text::terminal(value) }
}

fn add_rows(table: &mut Table, batch: &RecordBatch, format: AnswerFormat) -> Result<u64> {
    let options = FormatOptions::default();
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        if table.row_count() == TABLE_ROWS_MAX {
            bail!(
                "more than {TABLE_ROWS_MAX} rows: add a limit, or use --format csv, ndjson or parquet"
            );
        }
        let mut cells = Vec::with_capacity(columns.len());
        for column in &columns {
            cells.push(cell(&column.value(row).try_to_string()?, format));
        }
        table.add_row(cells);
    }
    Ok(batch.num_rows() as u64)
}

/// All columns as text, and text as harmless cells.
fn as_text(batch: &RecordBatch) -> Result<RecordBatch> {
    let options = FormatOptions::default();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let number = field.data_type().is_numeric() || field.data_type() == &DataType::Boolean;
        let values = ArrayFormatter::try_new(column, &options)?;
        let mut texts = Vec::with_capacity(column.len());
        for row in 0..column.len() {
            if column.is_null(row) {
                texts.push(None);
                continue;
            }
            let value = values.value(row).try_to_string()?;
            texts.push(Some(if number { value } else { text::csv(&value) }));
        }
        fields.push(Field::new(text::csv(field.name()), DataType::Utf8, true));
        columns.push(Arc::new(StringArray::from(texts)));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
