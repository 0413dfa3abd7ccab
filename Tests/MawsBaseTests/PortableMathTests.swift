import Foundation
import MawsBase
import Testing

struct PortableMathTests {
    @Test func exponentialAndAnglesAgreeWithTheLibrary() {
        for value in stride(from: -5.0, through: 5.0, by: 0.37) {
            #expect(abs(PortableMath.exp(value) / exp(value) - 1) < 1e-12)
            let (cosine, sine) = PortableMath.cosineAndSine(value / 2)
            #expect(abs(cosine - cos(value / 2)) < 1e-14 && abs(sine - sin(value / 2)) < 1e-14)
        }
    }

    /// From the smallest number that a uniform draw may be to a large one.
    @Test func theLogarithmIsTheLibrarysToItsLastBits() {
        for power in stride(from: -54.0, through: 60.0, by: 0.173) {
            let value = exp2(power)
            #expect(abs(PortableMath.log(value) - log(value)) <= 4e-16 * max(1, abs(log(value))), "2^\(power)")
        }
        #expect(PortableMath.log(1) == 0)
    }
}
