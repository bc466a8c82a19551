//! A partition is a separate AWS cloud with its own Regions, ARN prefix and domain names.

use std::fmt;
use std::str::FromStr;

/// The partitions that a trail can be simulated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partition {
    Aws,
    AwsUsGov,
    AwsCn,
}

/// A Region, its clock and its part of an account's work.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) name: &'static str,
    /// Hours that local time is ahead of UTC.
    pub(super) hours_ahead: i64,
    pub(super) weight: f64,
}

const fn region(name: &'static str, hours_ahead: i64, weight: f64) -> Region {
    Region { name, hours_ahead, weight }
}

static AWS: [Region; 3] = [
    region("us-east-1", -5, 0.62),
    region("eu-west-1", 0, 0.31),
    region("ap-southeast-2", 10, 0.07),
];
static AWS_US_GOV: [Region; 2] =
    [region("us-gov-west-1", -8, 0.75), region("us-gov-east-1", -5, 0.25)];
static AWS_CN: [Region; 2] = [region("cn-north-1", 8, 0.7), region("cn-northwest-1", 8, 0.3)];

impl Partition {
    /// The Regions in use; the first is the home Region of the trail.
    pub(super) fn regions(self) -> &'static [Region] {
        match self {
            Self::Aws => &AWS,
            Self::AwsUsGov => &AWS_US_GOV,
            Self::AwsCn => &AWS_CN,
        }
    }

    /// The domain of service endpoints.
    pub(super) fn domain(self) -> &'static str {
        match self {
            Self::AwsCn => "amazonaws.com.cn",
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
        }
    }

    /// The principal of EC2, which has its own spelling in China; most other services keep theirs.
    pub(super) fn ec2_principal(self) -> &'static str {
        match self {
            Self::AwsCn => "ec2.amazonaws.com.cn",
            Self::Aws | Self::AwsUsGov => "ec2.amazonaws.com",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsCn => "aws-cn",
        })
    }
}

impl FromStr for Partition {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aws" => Ok(Self::Aws),
            "aws-us-gov" => Ok(Self::AwsUsGov),
            "aws-cn" => Ok(Self::AwsCn),
            other => anyhow::bail!("unknown partition {other:?}; known: aws, aws-us-gov, aws-cn"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_reads_as_it_prints() -> anyhow::Result<()> {
        for partition in [Partition::Aws, Partition::AwsUsGov, Partition::AwsCn] {
            assert_eq!(partition.to_string().parse::<Partition>()?, partition);
        }
        assert!("aws-iso".parse::<Partition>().is_err());
        Ok(())
    }
}
