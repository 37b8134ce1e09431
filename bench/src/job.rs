//! Owns what one download consists of, as words of a command line. Knows no downloader.

/// The file to download. Text throughout: it ends in command lines.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) url: String,
    pub(super) directory: String,
    pub(super) name: String,
    /// The authority to trust, for https.
    pub(super) certificate: Option<String>,
    /// SHA-256 in hexadecimal, where the download is to be verified.
    pub(super) digest: Option<String>,
}

impl Job {
    pub(super) fn output(&self) -> String {
        format!("{}/{}", self.directory, self.name)
    }

    /// The same job with words where values differ from run to run, to be printed.
    pub(super) fn shown(&self) -> Self {
        Self {
            url: "URL/FILE".to_owned(),
            directory: "OUT".to_owned(),
            name: "FILE".to_owned(),
            certificate: self.certificate.as_ref().map(|_| "CA".to_owned()),
            digest: self.digest.as_ref().map(|_| "HEX".to_owned()),
        }
    }

    /// The option, joined to the certificate, where there is one.
    pub(super) fn trust(&self, option: &str) -> Option<String> {
        let certificate = self.certificate.as_ref()?;
        Some(format!("{option}={certificate}"))
    }
}
