import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsWire
import Testing

/// Where a server's connection for tensors belongs, and since when there is none.
struct BulkPlaceTests {
    private let place = BulkPlace()
    private let start = Moment(nanoseconds: 0)

    private func line(_ port: Int) -> (line: BulkLine, fake: FakeLine) {
        let fake = FakeLine(.server, certificate: "server", address: "10.0.0.7:\(port)")
        return (BulkLine(fake, fake), fake)
    }

    @Test func itIsOpenFromTheWelcomeOn() {
        #expect(place.take(line(1).line) == .bulkTooEarly)
        #expect(place.line == nil && place.emptySeconds(start + 5) == nil)
        place.open(.statusRequest, start)
        #expect(place.emptySeconds(start + 5) == 5)
        let (line, fake) = line(2)
        #expect(place.take(line) == nil)
        #expect(place.line === line && place.emptySeconds(start + 9) == nil)
        place.put(.heartbeat)
        #expect(fake.take().map(\.message) == [.statusRequest, .heartbeat])
    }

    /// One at a time: the next one waits for an end, or for a silence that a living server does not keep.
    @Test func anotherLineComesOnceThisOneIsGone() {
        place.open(.statusRequest, start)
        let (first, second, third) = (line(1), line(2), line(3))
        #expect(place.take(first.line) == nil)
        first.fake.fall(silentFor: CoordinatorCore.silentServerSeconds - 0.1)
        #expect(place.take(second.line) == .bulkTaken)
        #expect(!first.fake.isEnded && second.fake.take().isEmpty)
        first.fake.fall(silentFor: CoordinatorCore.silentServerSeconds)
        #expect(place.take(second.line) == nil)
        #expect(first.fake.isEnded && place.line === second.line)
        // The end of the older one, noticed late, is none of the newer one's.
        place.leave(first.line, start + 20)
        #expect(place.line === second.line && place.emptySeconds(start + 30) == nil)
        place.leave(second.line, start + 40)
        #expect(second.fake.isEnded && place.emptySeconds(start + 41) == 1)
        place.put(.heartbeat)
        #expect(place.take(third.line) == nil)
        #expect(third.fake.take().map(\.message) == [.statusRequest])
    }

    /// A server that is lost has no place, and nothing is missing there.
    @Test func itIsClosedWithItsServer() {
        place.open(.statusRequest, start)
        let (first, second) = (line(1), line(2))
        #expect(place.take(first.line) == nil)
        place.close()
        #expect(first.fake.isEnded && place.line == nil)
        #expect(place.take(second.line) == .bulkTooEarly)
        place.leave(first.line, start)
        place.close()
        #expect(place.emptySeconds(start + 60) == nil)
    }
}
