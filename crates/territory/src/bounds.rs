//! Upright rectangles: what is looked at before anything exact is asked.

use crate::Point;

/// The smallest upright rectangle around something, its border included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    low: Point,
    high: Point,
}

impl Bounds {
    /// Around points; `None` without any.
    pub(crate) fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = *points.next()?;
        Some(points.fold(Self { low: first, high: first }, |bounds, point| bounds.with(*point)))
    }

    fn with(self, point: Point) -> Self {
        let low =
            Point::between(self.low.lon_e7().min(point.lon_e7()), self.low.lat_e7().min(point.lat_e7()));
        let high =
            Point::between(self.high.lon_e7().max(point.lon_e7()), self.high.lat_e7().max(point.lat_e7()));
        Self { low, high }
    }

    /// The south-western corner.
    pub fn low(&self) -> Point {
        self.low
    }

    /// The north-eastern corner.
    pub fn high(&self) -> Point {
        self.high
    }

    /// Whether the point lies inside or on the border.
    #[inline]
    pub fn hold(&self, point: Point) -> bool {
        let lon = (self.low.lon_e7() <= point.lon_e7()) & (point.lon_e7() <= self.high.lon_e7());
        let lat = (self.low.lat_e7() <= point.lat_e7()) & (point.lat_e7() <= self.high.lat_e7());
        lon & lat
    }

    /// Whether two rectangles share a point.
    pub(crate) fn meet(&self, other: &Self) -> bool {
        self.low.lon_e7() <= other.high.lon_e7()
            && other.low.lon_e7() <= self.high.lon_e7()
            && self.low.lat_e7() <= other.high.lat_e7()
            && other.low.lat_e7() <= self.high.lat_e7()
    }
}
