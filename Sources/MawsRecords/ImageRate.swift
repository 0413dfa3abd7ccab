import MawsBase

/// Images a second over the last steps.
///
/// Measured from moments at which nothing was being computed, the start of a stage and its commits: units end in
/// bunches, and from the end of one of them on, the others of its bunch would count as if they took no time.
package struct ImageRate {
    private var images = 0.0
    private var marks: [(moment: Moment, images: Double)]

    private static let marksMax = 10

    package init(start: Moment) { marks = [(start, 0)] }

    /// So many more were computed.
    package mutating func add(_ count: Double) { images += count }

    /// All that was begun is done. The start, before which trainers may still have had to come, counts as long as there
    /// is nothing better.
    package mutating func mark(_ now: Moment) {
        if marks.count == 2, marks[0].images == 0 { marks.removeFirst() }
        marks.append((now, images))
        if marks.count > Self.marksMax { marks.removeFirst() }
    }

    /// 0 where nothing is known yet.
    package func perSecond(at now: Moment) -> Double {
        let seconds = now.seconds(since: marks[0].moment)
        return seconds > 0 ? (images - marks[0].images) / seconds : 0
    }
}
