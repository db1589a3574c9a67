//! The model a street's texts are judged by, compiled once per publication and shared by all streets it is for.
//!
//! What cuts Chinese into words takes 150 ms and 30 MiB, so it is made with the first model and only then, once for the
//! process, where documents are compiled and nobody waits. A model that cannot be read leaves the last good one of its
//! tenant in force.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classify::linear::{Classifier, Message, Scratch, Segmenter, permille};
use ids::TenantId;

use crate::core::opinion::{LIKELIEST, Likely, Opinion, Word};

/// A compiled model.
pub struct Model {
    classifier: Classifier,
    segmenter: Arc<Segmenter>,
    tenant: TenantId,
    generation: u64,
    sha256: String,
    threshold_permille: u32,
}

/// Its weights say nothing to a reader.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, generation, sha256, .. } = self;
        write!(f, "Model({tenant} {generation} {sha256})")
    }
}

impl Model {
    /// What it says of a text.
    pub fn judge(&self, text: &str) -> Opinion {
        let message = Message::from(text);
        let judgement = self.classifier.judge(&self.segmenter, message, &mut Scratch::default());
        let mut order: Vec<usize> = (0..judgement.probabilities.len()).collect();
        let probability = |at: &usize| judgement.probabilities[*at];
        order.sort_by(|a, b| probability(b).total_cmp(&probability(a)).then(a.cmp(b)));
        let likely = |at: &usize| Likely {
            item: self.classifier.label(*at).to_owned(),
            permille: permille(probability(at)),
        };
        let account = self.classifier.account(&self.segmenter, message, &judgement);
        let word = |word: classify::linear::WordWeight| Word {
            word: word.word,
            weight_permille: word.weight_permille,
        };
        Opinion {
            tenant: self.tenant.to_string(),
            generation: self.generation,
            sha256: self.sha256.clone(),
            threshold_permille: self.threshold_permille,
            likeliest: order.iter().take(LIKELIEST).map(likely).collect(),
            words: account.words.into_iter().map(word).collect(),
        }
    }
}

/// Compiles models, one per publication.
#[derive(Debug, Default)]
pub struct Models {
    segmenter: OnceLock<Arc<Segmenter>>,
    /// By whose they are.
    made: Mutex<BTreeMap<TenantId, Made>>,
}

#[derive(Debug, Clone)]
struct Made {
    generation: u64,
    /// The last good one.
    model: Option<Arc<Model>>,
    /// Why this generation is none.
    fault: Option<String>,
}

impl Models {
    /// The model of a publication, and why not where it is an earlier one, or none.
    pub fn of(&self, learned: &snapshot::Learned) -> (Option<Arc<Model>>, Result<(), String>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.get(&learned.tenant).cloned();
        let made = match known {
            Some(known) if known.generation == learned.generation => known,
            before => {
                let new = self.made(learned, before.and_then(|before| before.model));
                made.insert(learned.tenant, new.clone());
                new
            }
        };
        (made.model, made.fault.map_or(Ok(()), Err))
    }

    fn made(&self, learned: &snapshot::Learned, before: Option<Arc<Model>>) -> Made {
        let generation = learned.generation;
        match self.compile(learned) {
            Ok(model) => Made { generation, model: Some(Arc::new(model)), fault: None },
            Err(fault) => Made { generation, model: before, fault: Some(fault) },
        }
    }

    fn compile(&self, learned: &snapshot::Learned) -> Result<Model, String> {
        let file = STANDARD.decode(&learned.model.weights).map_err(|error| format!("classifier: {error}"))?;
        let classifier = Classifier::from_bytes(&file).map_err(|error| format!("classifier: {error}"))?;
        let segmenter = self.segmenter.get_or_init(|| Arc::new(Segmenter::new())).clone();
        Ok(Model {
            classifier,
            segmenter,
            tenant: learned.tenant,
            generation: learned.generation,
            sha256: learned.model.sha256.clone(),
            threshold_permille: u32::from(learned.model.threshold_permille),
        })
    }
}
