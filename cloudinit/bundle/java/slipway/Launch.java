package slipway;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * java [-Dslipway.wait=URL ...] slipway.Launch MAIN ARGUMENTS: calls MAIN as soon as its {@link Gate} opens; exits 1 if it
 * does not.
 *
 * <p>Waiting inside the JVM hides its own start behind that of the peer.
 */
public final class Launch {
    private Launch() {}

    public static void main(String[] arguments) throws Throwable {
        Class<?> main = Class.forName(arguments[0], false, Launch.class.getClassLoader());
        try {
            Gate.await();
        } catch (IOException e) {
            System.err.println("Launch: " + e.getMessage());
            System.exit(1);
        }
        try {
            main.getMethod("main", String[].class)
                    .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
