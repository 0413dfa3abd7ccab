import MawsModel
import Testing

@Suite struct MaskingTests {
    @Test func theLowestNoiseStaysVisible() {
        let masking = Masking(noise: [[0.9, 0.1, 0.5, 0.3]], perImage: 4, ratio: 0.5)
        #expect(masking.visibleSelection.indices == [1, 3])
        #expect(masking.hiddenSelection.indices == [2, 0])
    }

    @Test func threeQuartersOfThePatchesAreHidden() {
        let masking = Masking.random(slots: [1, 2], perImage: 49, ratio: 0.75, seed: 7, stage: 0)
        #expect(masking.visible == 12)
        #expect(masking.hiddenSelection.perImage == 37)
    }

    @Test func aSamplesMaskDependsOnItsSlotAlone() {
        let together = Masking.random(slots: [4, 5, 6], perImage: 49, ratio: 0.75, seed: 7, stage: 0)
        let alone = Masking.random(slots: [6], perImage: 49, ratio: 0.75, seed: 7, stage: 0)
        #expect(Array(together.visiblePatches(of: 2)) == Array(alone.visiblePatches(of: 0)))
        #expect(Array(together.visiblePatches(of: 0)) != Array(together.visiblePatches(of: 1)))
        let other = Masking.random(slots: [6], perImage: 49, ratio: 0.75, seed: 8, stage: 0)
        #expect(Array(other.visiblePatches(of: 0)) != Array(alone.visiblePatches(of: 0)))
    }

    @Test func everyPatchIsVisibleOrHidden() {
        let masking = Masking.random(slots: [9], perImage: 16, ratio: 0.75, seed: 7, stage: 0)
        let all = masking.visibleSelection.indices + masking.hiddenSelection.indices
        #expect(all.sorted() == Array(0..<16))
    }
}
