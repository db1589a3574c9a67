//! What people are told of a shape instead of its numbers: how many vertices it has and how large it is.

use serde_json::{Value, json};
use territory::Shape;

/// A value of a document without the coordinates of its shapes.
pub(super) fn outlined(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(field, value)| field_outlined(field, value)).collect(),
        Value::Array(entries) => entries.iter().map(outlined).collect(),
        other => other.clone(),
    }
}

fn field_outlined(field: &str, value: &Value) -> (String, Value) {
    match (field, measured(value)) {
        ("polygons", Some(outline)) => ("outline".to_owned(), outline),
        _ => (field.to_owned(), outlined(value)),
    }
}

/// Of the polygons of a territory's document.
fn measured(polygons: &Value) -> Option<Value> {
    let shape =
        Shape::from_e7(&serde_json::from_value::<Vec<Vec<Vec<[i32; 2]>>>>(polygons.clone()).ok()?).ok()?;
    // Closed rings say their first vertex twice.
    let vertices: usize = shape.to_e7().iter().flatten().map(|ring| ring.len().saturating_sub(1)).sum();
    Some(json!({ "vertices": vertices, "area_m2": shape.area_m2().round() as u64 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_told_by_its_measure_and_the_rest_stays() {
        let ring = [[1_040_000_000, 300_000_000], [1_040_100_000, 300_000_000], [1_040_100_000, 300_100_000]];
        let ring: Vec<[i32; 2]> = ring.into_iter().chain([ring[0]]).collect();
        let feature = json!({ "features": [{ "code": "B1", "polygons": [[ring]] }], "polygons": "other" });
        let told = outlined(&feature);
        assert_eq!(told["polygons"], "other");
        assert_eq!(
            (&told["features"][0]["code"], &told["features"][0]["outline"]["vertices"]),
            (&json!("B1"), &json!(3))
        );
        // Half of 1.11 km by 0.96 km.
        let area = told["features"][0]["outline"]["area_m2"].as_u64().unwrap();
        assert!((530_000..540_000).contains(&area), "{area}");
    }
}
