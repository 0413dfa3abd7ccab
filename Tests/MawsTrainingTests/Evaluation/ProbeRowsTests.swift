import MawsTraining
import Testing

@Suite struct ProbeRowsTests {
    private func rows(_ rows: [SharedRows], width: Int = 2) throws -> ProbeRows {
        try ProbeRows(rows[...], width: width)
    }

    @Test func numbersOfSamplesAreExactFarBeyondWhatAFloatHolds() throws {
        let samples = [0, 1, 1 << 24, 1 << 24 + 1, 1 << 33 + 12345, 1 << 40 - 1]
        let sent = ProbeRows(
            features: (0..<12).map { Float($0) }, labels: [0, -1, 999, 1 << 24 - 1, 5, 6], samples: samples)
        let read = try rows([SharedRows(unit: 0, rows: sent.floats)])
        #expect(read == sent)
        #expect(sent.floats.count == 6 * (2 + ProbeRows.extraFloats))
    }

    @Test func rowsOfUnitsFollowOneAnother() throws {
        let first = ProbeRows(features: [1, 2], labels: [3], samples: [4])
        let second = ProbeRows(features: [5, 6], labels: [7], samples: [8])
        let read = try rows([
            SharedRows(unit: 0, rows: first.floats), SharedRows(unit: 1, rows: []),
            SharedRows(unit: 2, rows: second.floats),
        ])
        #expect(read == ProbeRows(features: [1, 2, 5, 6], labels: [3, 7], samples: [4, 8]))
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 0.5, -2, 1e30], [2, 3, 4])
    func whatIsNoClassOrNumberIsRefused(value: Float, place: Int) throws {
        // Where the number's high part is due, -1 is none; where the class is due, it says that there is none.
        var floats = ProbeRows(features: [1, 2], labels: [3], samples: [4]).floats
        floats[place] = value
        #expect(throws: StageError.self) { try rows([SharedRows(unit: 7, rows: floats)]) }
    }

    @Test func featuresMayBeAnything() throws {
        let read = try rows([SharedRows(unit: 0, rows: [.nan, .infinity, 3, 0, 4])])
        #expect(read.features[0].isNaN && read.labels == [3] && read.samples == [4])
    }

    @Test func partsOfRowsAreRefused() {
        #expect(throws: StageError.malformedRows(unit: 7, floats: 4, rowWidth: 5)) {
            try rows([SharedRows(unit: 7, rows: [1, 2, 3, 4])])
        }
    }
}
