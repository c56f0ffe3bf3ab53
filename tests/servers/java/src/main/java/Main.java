import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import java.io.IOException;
import java.util.List;

/** A MongoDB server in memory. Usage: Main PORT. It ends when its standard input does. */
public final class Main {
    /** Today's drivers refuse the wire version of the versions that the library knows. */
    private enum Modern implements MongoVersion {
        SEVEN;

        @Override
        public List<Integer> getVersionArray() {
            return List.of(7, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 21;
        }
    }

    public static void main(String[] arguments) throws IOException {
        WholeDocuments backend = new WholeDocuments();
        backend.version(Modern.SEVEN);
        MongoServer server = new MongoServer(backend);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        while (System.in.read() >= 0) {
            // Nothing is said to it: the pipe only tells whether the tests are alive.
        }
        System.exit(0);
    }
}
