import MawsBase
import MawsKernels
import MawsTensor
import Testing

/// What machines that no test runs on would do.
@Suite struct ComputeFallbackTests {
    private let old = CPUDescription(hasAVX2: false, multipliesBFloat16: false)
    private let common = CPUDescription(hasAVX2: true, multipliesBFloat16: false)
    private let new = CPUDescription(hasAVX2: true, multipliesBFloat16: true)

    @Test func theFastestWayIsChosen() {
        #expect(
            ComputeFallback.fastestKind(on: old) == .reference && ComputeFallback.fastestOperands(on: old) == .float32)
        #expect(
            ComputeFallback.fastestKind(on: common) == .onednn
                && ComputeFallback.fastestOperands(on: common) == .float32)
        #expect(
            ComputeFallback.fastestKind(on: new) == .onednn && ComputeFallback.fastestOperands(on: new) == .bfloat16)
    }

    @Test func aCPUThatFallsBackSaysToWhatAndHowMuchSlower() {
        let without = ComputeFallback.notices(.reference, .float32, on: old)
        #expect(without.count == 1 && without[0].contains("no AVX2") && without[0].contains("OpenBLAS in fp32"))
        #expect(without[0].contains("3 times slower"))
        let emulated = ComputeFallback.notices(.onednn, .bfloat16, on: common)
        #expect(emulated.count == 1 && emulated[0].contains("no bf16") && emulated[0].contains("fifth slower"))
        let plain = ComputeFallback.notices(.onednn, .float32, on: common)
        #expect(plain.count == 1 && plain[0].contains("fp32") && plain[0].contains("half as fast"))
        #expect(ComputeFallback.notices(.onednn, .bfloat16, on: new).isEmpty)
        #expect(ComputeFallback.notices(.onednn, .float32, on: new).isEmpty)
    }
}
