//! Every binary with only the files its image would hold, a read-only root, and a user who may nothing (issue 7): the whole
//! district, up to a webhook. What only an engine shows (that the images build) is said in docs/operations/install.md.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use harness::cluster::{Cluster, SERVICES, Setup};
use harness::invariants;
use harness::load::{self, Outcome, Plan};
use testkit::process::binaries;

const IN_IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/in-image.sh");

/// A process, by what the kernel says of it.
struct Process {
    root: PathBuf,
    folder: PathBuf,
}

/// Processes whose root is an image below a folder.
fn inside(images: &Path) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter_map(|entry| {
        let root = std::fs::read_link(entry.path().join("root")).ok()?;
        root.starts_with(images).then(|| Process { root, folder: entry.path() })
    });
    processes.collect()
}

impl Process {
    fn status(&self, field: &str) -> String {
        let status = std::fs::read_to_string(self.folder.join("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    /// Mounts that it could write to.
    fn writable(&self) -> Vec<String> {
        let mounts = std::fs::read_to_string(self.folder.join("mountinfo")).unwrap();
        let lines = mounts.lines().filter(|line| {
            let options = line.split(' ').nth(5).unwrap_or_default();
            !options.split(',').any(|option| option == "ro")
        });
        // As the process sees them: what is outside of its root is not shown to it.
        lines.map(str::to_owned).collect()
    }
}

fn root_user() -> bool {
    std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0).unwrap_or(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_district_runs_with_what_its_images_hold() {
    let cluster = Cluster::start_as(Setup { under: &[IN_IMAGE], patience: 2, ..Setup::of(1) }).await.unwrap();
    let cluster = Arc::new(cluster);
    let processes = inside(&cluster.folder.path().join("images"));
    for service in SERVICES {
        let own = processes.iter().filter(|process| {
            process.root.file_name().unwrap().to_string_lossy().starts_with(&format!("{service}."))
        });
        let own: Vec<&Process> = own.collect();
        assert_eq!(own.len(), 1, "{service} runs once, in its image");
        assert_eq!(own[0].writable(), [""; 0], "{service} could write");
        assert_eq!(own[0].status("NoNewPrivs"), "1", "{service}");
        if root_user() {
            assert_eq!(own[0].status("Uid"), "65532\t65532\t65532\t65532", "{service}");
            assert_eq!((own[0].status("Groups"), own[0].status("CapEff")), (String::new(), "0".repeat(16)));
        }
    }
    let plan = Plan { per_s: 5, lasting: Duration::from_secs(1), seed: 1, in_flight_max: 8 };
    let calls = load::run(&cluster, &plan).await;
    assert!(calls.iter().all(|call| matches!(call.outcome, Outcome::Acked { .. })), "{calls:?}");
    invariants::quiet(&cluster, Duration::from_secs(60)).await.unwrap();
    assert!(!cluster.sink.received().is_empty(), "a webhook arrived");
}

/// The jobs' image: the tool starts, and says what it is.
#[test]
fn the_command_line_runs_in_its_image() {
    let folder = tempfile::Builder::new().prefix("streetwise-image-").tempdir_in("/var/tmp").unwrap();
    let tool = binaries().join("streetwise");
    let output = std::process::Command::new(IN_IMAGE)
        .args([tool.as_os_str(), "--version".as_ref()])
        .env("STREETWISE_JWKS_FILE", folder.path().join("none"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.starts_with("streetwise "), "{output:?}");
}

/// A program that needs more than its image holds is refused before it starts.
#[test]
fn a_library_that_the_image_lacks_is_named() {
    let folder = tempfile::Builder::new().prefix("streetwise-image-").tempdir_in("/var/tmp").unwrap();
    let shell = std::fs::canonicalize("/bin/bash").unwrap();
    let output = std::process::Command::new(IN_IMAGE)
        .arg(shell)
        .env("STREETWISE_JWKS_FILE", folder.path().join("none"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("libtinfo") && said.contains("which its image does not have"), "{output:?}");
}
