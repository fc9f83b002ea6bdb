//! Intervals as bars of text on one scale: `├──●──┤`, with `│` where nothing differs.

use domain::gate::Estimate;

const WIDTH: usize = 48;

/// A scale that several intervals share.
pub struct Bars {
    low: f64,
    high: f64,
    mark: Option<f64>,
}

impl Bars {
    /// Wide enough for all of these and for the mark.
    pub fn over<'a>(intervals: impl Iterator<Item = &'a Estimate>, mark: Option<f64>) -> Bars {
        let start = mark.map_or((f64::INFINITY, f64::NEG_INFINITY), |m| (m, m));
        let (low, high) = intervals.fold(start, |(low, high), e| (low.min(e.low), high.max(e.high)));
        let air = if high > low { 0.03 * (high - low) } else { 0.5 };
        Bars { low: low - air, high: high + air, mark }
    }

    /// One interval.
    pub fn draw(&self, e: &Estimate) -> String {
        let mut cells = [' '; WIDTH];
        let (from, to) = (self.place(e.low), self.place(e.high));
        cells[from..=to].fill('─');
        (cells[from], cells[to]) = ('├', '┤');
        if let Some(mark) = self.mark {
            cells[self.place(mark)] = '│';
        }
        cells[self.place(e.value)] = '●';
        cells.iter().collect::<String>().trim_end().to_string()
    }

    fn place(&self, x: f64) -> usize {
        let share = (x - self.low) / (self.high - self.low);
        ((share * WIDTH as f64) as usize).min(WIDTH - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_beside_0_does_not_touch_the_mark() {
        let e = |low, value, high| Estimate { value, low, high, rows: 9 };
        let (below, across) = (e(-3.0, -2.0, -1.0), e(-1.0, 0.5, 2.0));
        let bars = Bars::over([&below, &across].into_iter(), Some(0.0));
        assert_eq!(bars.draw(&below), " ├────────●────────┤        │");
        assert_eq!(bars.draw(&across), "                   ├────────│────●────────────┤");
    }
}
