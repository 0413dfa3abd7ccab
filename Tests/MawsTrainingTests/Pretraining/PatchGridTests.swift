import MawsModel
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct PatchGridTests {
    private let grid = PatchGrid(channels: 2, size: 4, patch: 2)
    /// One image whose pixels count up: channel 0 is 0...15, channel 1 is 16...31, four pixels a row.
    private let image = FloatBuffer((0..<32).map { Float($0) }).all

    @Test func convolutionOrderIsChannelRowColumn() {
        let rows = zeroSlice(8)
        grid.read(rows, image, PatchSelection(indices: [3], perImage: 1), .convolution)
        #expect(rows.array == [10, 11, 14, 15, 26, 27, 30, 31])
    }

    @Test func predictionOrderIsRowColumnChannel() {
        let rows = zeroSlice(8)
        grid.read(rows, image, PatchSelection(indices: [1], perImage: 1), .prediction)
        #expect(rows.array == [2, 18, 3, 19, 6, 22, 7, 23])
    }

    @Test func writeUndoesRead() {
        let (images, copy, rows) = (randomSlice(64, seed: 1), zeroSlice(64), zeroSlice(64))
        let all = PatchSelection.all(4, images: 2)
        grid.read(rows, images, all, .prediction)
        grid.write(copy, rows, all, .prediction)
        #expect(copy.array == images.array)
    }
}
