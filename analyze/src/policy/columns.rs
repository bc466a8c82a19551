//! The **columns** of `parse_policy` and `policy_diff`: what was read of many
//! policies, laid out as Arrow lists and structs.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, ListArray, ListBuilder, StringBuilder, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use arrow::error::ArrowError;

use super::difference::Difference;
use super::document::Policy;
use super::statement::{Effect, Statement};

/// Most bytes of text in one column of one batch. Arrow's own limit is twice
/// this, and beyond it the builders panic.
const COLUMN_BYTES_MAX: usize = 1 << 30;

type TextLists = ListBuilder<StringBuilder>;

/// One element of `parse_policy`.
pub(super) fn statement_element() -> FieldRef {
    let element = DataType::Struct(statement_fields());
    Arc::new(Field::new_list_field(element, true))
}

fn statement_fields() -> Fields {
    let texts = || DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let columns = [
        ("statement_index", DataType::Int64),
        ("sid", DataType::Utf8),
        ("effect", DataType::Utf8),
        ("principals", texts()),
        ("principal_accounts", texts()),
        ("not_principals", texts()),
        ("actions", texts()),
        ("not_actions", texts()),
        ("kms_actions", texts()),
        ("resources", texts()),
        ("conditions", DataType::Utf8),
        ("condition_keys", texts()),
        ("open_to_anyone", DataType::Boolean),
        ("root_delegation", DataType::Boolean),
        ("statement", DataType::Utf8),
        ("error", DataType::Utf8),
    ];
    let fields = columns.into_iter();
    fields.map(|(name, kind)| Field::new(name, kind, true)).collect()
}

/// The fields of `policy_diff`, in order.
pub(super) fn difference_fields() -> Fields {
    let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    Fields::from(vec![
        Field::new("same", DataType::Boolean, true),
        Field::new("added", texts.clone(), true),
        Field::new("removed", texts, true),
    ])
}

/// One list of statements per policy. In an element with `error`, all other
/// fields are null.
#[derive(Debug, Default)]
pub(super) struct StatementColumns {
    statement_index: Int64Builder,
    sid: StringBuilder,
    effect: StringBuilder,
    principals: TextLists,
    principal_accounts: TextLists,
    not_principals: TextLists,
    actions: TextLists,
    not_actions: TextLists,
    kms_actions: TextLists,
    resources: TextLists,
    conditions: StringBuilder,
    condition_keys: TextLists,
    open_to_anyone: BooleanBuilder,
    root_delegation: BooleanBuilder,
    statement: StringBuilder,
    error: StringBuilder,
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl StatementColumns {
    pub(super) fn append_null(&mut self) {
        self.lengths.push(0);
        self.present.push(false);
    }

    pub(super) fn append_policy(&mut self, policy: &Policy) {
        for (index, statement) in (0_i64..).zip(&policy.statements) {
            self.append_statement(index, statement);
        }
        self.lengths.push(policy.statements.len());
        self.present.push(true);
    }

    fn append_statement(&mut self, index: i64, statement: &Statement) {
        self.statement_index.append_value(index);
        self.sid.append_option(statement.sid.as_deref());
        self.effect.append_option(statement.effect.map(Effect::as_str));
        append(&mut self.principals, statement.principals.iter().map(ToString::to_string));
        append(&mut self.principal_accounts, statement.principal_accounts());
        append(&mut self.not_principals, statement.not_principals.iter().map(ToString::to_string));
        append(&mut self.actions, &statement.actions);
        append(&mut self.not_actions, &statement.not_actions);
        append(&mut self.kms_actions, statement.kms_actions());
        append(&mut self.resources, &statement.resources);
        self.conditions.append_option(statement.conditions_text.as_deref());
        append(&mut self.condition_keys, statement.condition_keys());
        self.open_to_anyone.append_value(statement.is_open_to_anyone());
        self.root_delegation.append_value(statement.is_root_delegation());
        self.statement.append_value(&statement.text);
        self.error.append_null();
    }

    pub(super) fn append_error(&mut self, error: &str) {
        self.statement_index.append_null();
        self.open_to_anyone.append_null();
        self.root_delegation.append_null();
        for texts in [&mut self.sid, &mut self.effect, &mut self.conditions, &mut self.statement] {
            texts.append_null();
        }
        for lists in self.lists_mut() {
            lists.append_null();
        }
        self.error.append_value(error);
        self.lengths.push(1);
        self.present.push(true);
    }

    /// Whether another policy could be one too many. A policy of a few bytes
    /// may have much to say: `*` alone stands for all permissions.
    pub(super) fn is_full(&mut self) -> bool {
        let full = self.lists_mut().into_iter().any(|lists| is_full(lists.values_ref()));
        full || [&self.sid, &self.conditions, &self.statement].into_iter().any(is_full)
    }

    fn lists_mut(&mut self) -> [&mut TextLists; 8] {
        [
            &mut self.principals,
            &mut self.principal_accounts,
            &mut self.not_principals,
            &mut self.actions,
            &mut self.not_actions,
            &mut self.kms_actions,
            &mut self.resources,
            &mut self.condition_keys,
        ]
    }

    pub(super) fn finish(mut self) -> Result<ListArray, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.statement_index.finish()),
            Arc::new(self.sid.finish()),
            Arc::new(self.effect.finish()),
            Arc::new(self.principals.finish()),
            Arc::new(self.principal_accounts.finish()),
            Arc::new(self.not_principals.finish()),
            Arc::new(self.actions.finish()),
            Arc::new(self.not_actions.finish()),
            Arc::new(self.kms_actions.finish()),
            Arc::new(self.resources.finish()),
            Arc::new(self.conditions.finish()),
            Arc::new(self.condition_keys.finish()),
            Arc::new(self.open_to_anyone.finish()),
            Arc::new(self.root_delegation.finish()),
            Arc::new(self.statement.finish()),
            Arc::new(self.error.finish()),
        ];
        let elements = StructArray::try_new(statement_fields(), columns, None)?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let nulls = Some(NullBuffer::from(self.present));
        ListArray::try_new(statement_element(), offsets, Arc::new(elements), nulls)
    }
}

/// One difference per pair of policies.
#[derive(Debug, Default)]
pub(super) struct DifferenceColumns {
    same: BooleanBuilder,
    added: TextLists,
    removed: TextLists,
    present: Vec<bool>,
}

impl DifferenceColumns {
    pub(super) fn append(&mut self, difference: Option<&Difference>) {
        self.present.push(difference.is_some());
        if let Some(difference) = difference {
            self.same.append_value(difference.same);
            append(&mut self.added, &difference.added);
            append(&mut self.removed, &difference.removed);
        } else {
            self.same.append_null();
            self.added.append_null();
            self.removed.append_null();
        }
    }

    /// Whether another difference could be one too many.
    pub(super) fn is_full(&self) -> bool {
        is_full(self.added.values_ref()) || is_full(self.removed.values_ref())
    }

    pub(super) fn finish(mut self) -> Result<StructArray, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.same.finish()),
            Arc::new(self.added.finish()),
            Arc::new(self.removed.finish()),
        ];
        let nulls = Some(NullBuffer::from(self.present));
        StructArray::try_new(difference_fields(), columns, nulls)
    }
}

fn is_full(texts: &StringBuilder) -> bool {
    texts.values_slice().len() > COLUMN_BYTES_MAX
}

fn append(lists: &mut TextLists, texts: impl IntoIterator<Item = impl AsRef<str>>) {
    for text in texts {
        lists.values().append_value(text);
    }
    lists.append(true);
}
