import MawsBase
import Testing

/// A log grows by what happened, not by what was sent.
@Suite struct RepeatedLinesTests {
    private let now = Moment(nanoseconds: 0)

    @Test func aFewAreWrittenAndTheRestCounted() {
        var lines = RepeatedLines()
        let written = (0..<1000).compactMap { lines.add("line \($0)", from: "eve", now: now) }
        #expect(written == (0..<10).map { "line \($0)" })
        #expect(lines.due(now).isEmpty)
        #expect(lines.due(now + 10) == ["line 999 … 989 more like it"])
        #expect(lines.due(now + 20).isEmpty)
    }

    @Test func eachSourceHasItsOwn() {
        var lines = RepeatedLines()
        for _ in 0..<100 { _ = lines.add("noise", from: "eve", now: now) }
        #expect(lines.add("it left", from: "trainer-0", now: now) == "it left")
    }

    /// An invented name a line makes neither a long log nor a large table.
    @Test func manySourcesShareOne() {
        var lines = RepeatedLines()
        let written = (0..<100_000).compactMap { lines.add("x", from: "name-\($0)", now: now) }
        #expect(written.count <= 256 + 10)
        #expect(lines.due(now + 10).count <= 257)
    }

    @Test func aSingleOneThatWasLeftOutIsWrittenAsItIs() {
        var lines = RepeatedLines()
        for number in 0..<11 { _ = lines.add("line \(number)", from: "eve", now: now) }
        #expect(lines.due(now + 11) == ["line 10"])
    }
}
