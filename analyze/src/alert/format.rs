//! A **format**: how an alert is written for those who receive it.
