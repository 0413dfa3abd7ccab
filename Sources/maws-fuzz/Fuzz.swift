import Foundation
import MawsData

/// The parser that `MAWS_FUZZ` names.
private let probe: ParserProbe = {
    let name = ProcessInfo.processInfo.environment["MAWS_FUZZ"] ?? ""
    guard let probe = ParserProbe(rawValue: name) else {
        preconditionFailure("MAWS_FUZZ must be one of \(ParserProbe.allCases.map(\.rawValue))")
    }
    return probe
}()

/// What libFuzzer calls with every input it makes up.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    probe.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
