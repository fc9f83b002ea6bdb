//! Loss against size, as a picture: the teacher, its students and their twins.

use domain::distill::{DistillFacts, StudentFact};
use domain::gate::Estimate;
use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 70.0;

/// An SVG of the students, left to right by bytes on a logarithmic scale; lower is better.
pub fn draw(facts: &DistillFacts) -> String {
    let axes = Axes::of(facts);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\"><title>Log loss of each student against its bytes</title><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    let y = axes.y(facts.loss.value);
    line(&mut svg, (MARGIN, y), (WIDTH - MARGIN / 2.0, y), "#1f6f6f", "6 4");
    text(&mut svg, (MARGIN + 4.0, y - 6.0), &format!("teacher {:.4}", facts.loss.value));
    for student in &facts.students {
        axes.student(&mut svg, student);
    }
    axes.draw(&mut svg);
    svg + "</svg>\n"
}

/// From bytes and losses to places.
struct Axes {
    /// Of the logarithm of bytes.
    bytes: (f64, f64),
    loss: (f64, f64),
}

impl Axes {
    fn of(facts: &DistillFacts) -> Axes {
        let bytes = facts.students.iter().map(|s| (s.bytes.max(1) as f64).log10());
        let ends = |e: &Estimate| [e.low, e.high];
        let of = |s: &StudentFact| s.twin.iter().chain([&s.loss]).flat_map(ends).collect::<Vec<_>>();
        let loss = facts.students.iter().flat_map(of).chain(ends(&facts.loss));
        Axes { bytes: wide(bytes, 0.3), loss: wide(loss, 0.005) }
    }

    fn x(&self, bytes: u64) -> f64 {
        let share = ((bytes.max(1) as f64).log10() - self.bytes.0) / (self.bytes.1 - self.bytes.0);
        MARGIN + share * (WIDTH - 1.5 * MARGIN)
    }

    fn y(&self, loss: f64) -> f64 {
        let share = (loss - self.loss.0) / (self.loss.1 - self.loss.0);
        HEIGHT - MARGIN - share * (HEIGHT - 1.5 * MARGIN)
    }

    /// A dot with its interval, and the twin as a ring above or below it.
    fn student(&self, svg: &mut String, student: &StudentFact) {
        let (x, y) = (self.x(student.bytes), self.y(student.loss.value));
        line(svg, (x, self.y(student.loss.low)), (x, self.y(student.loss.high)), "#1f6f6f", "");
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#1f6f6f\"/>");
        if let Some(twin) = &student.twin {
            let y = self.y(twin.value);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"none\" stroke=\"#8a5a00\" stroke-width=\"2\"/>"
            );
        }
        text(svg, (x + 8.0, y + 4.0), &student.name);
    }

    fn draw(&self, svg: &mut String) {
        let bottom = HEIGHT - MARGIN;
        line(svg, (MARGIN, bottom), (WIDTH - MARGIN / 2.0, bottom), "#555", "");
        line(svg, (MARGIN, MARGIN / 2.0), (MARGIN, bottom), "#555", "");
        for step in 0..=4 {
            let loss = self.loss.0 + f64::from(step) / 4.0 * (self.loss.1 - self.loss.0);
            text(svg, (MARGIN - 48.0, self.y(loss) + 4.0), &format!("{loss:.3}"));
        }
        for power in self.bytes.0.ceil() as i32..=self.bytes.1.floor() as i32 {
            let bytes = 10u64.pow(power.max(0) as u32);
            text(svg, (self.x(bytes) - 12.0, bottom + 18.0), &format!("1e{power}"));
        }
        text(
            svg,
            (WIDTH / 2.0 - 130.0, HEIGHT - 18.0),
            "bytes of the model; filled: taught by the teacher, ring: by hard labels",
        );
        text(svg, (MARGIN - 48.0, MARGIN / 2.0 - 12.0), "log loss a row, with 95% intervals");
    }
}

/// The ends of some numbers, and a little beyond.
fn wide(values: impl Iterator<Item = f64>, least: f64) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    if low > high {
        return (0.0, 1.0);
    }
    let beyond = (0.05 * (high - low)).max(least);
    (low - beyond, high + beyond)
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, dashes: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), said: &str) {
    let said = said.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#222\">{said}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::VersionId;
    use domain::distill::LessonFact;

    #[test]
    fn the_better_student_stands_lower_and_the_larger_one_further_right() {
        let around = |value: f64| Estimate { value, low: value - 0.01, high: value + 0.01, rows: 100 };
        let student = |name: &str, loss: f64, bytes: u64| StudentFact {
            name: name.into(),
            loss: around(loss),
            twin: None,
            kept: None,
            parameters: 1,
            bytes,
            p99: None,
            steps: Vec::new(),
        };
        let facts = DistillFacts {
            teacher: VersionId("t".into()),
            loss: around(0.4),
            single: "s".into(),
            gain: around(0.1),
            se: 0.01,
            lesson: LessonFact::default(),
            students: vec![student("small", 0.6, 1_000), student("large", 0.5, 100_000)],
            p99: None,
            bytes: None,
            tolerance: 0.0,
        };
        let axes = Axes::of(&facts);
        assert!(axes.x(1_000) < axes.x(100_000) && axes.y(0.5) > axes.y(0.6) && axes.y(0.4) > axes.y(0.5));
        let svg = draw(&facts);
        assert!(svg.contains("teacher 0.4000") && svg.contains(">large<"), "{svg}");
        assert!(draw(&DistillFacts { students: Vec::new(), ..facts }).contains("</svg>"));
    }
}
