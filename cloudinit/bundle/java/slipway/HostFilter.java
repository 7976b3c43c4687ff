package slipway;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.FilterConfig;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletResponse;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.http.FilterContainer;
import org.apache.hadoop.http.FilterInitializer;

/** Hadoop's web servers answer only the addresses in `slipway.http.hosts`; all others get 403. See {@link HostWatch}. */
public final class HostFilter extends FilterInitializer implements Filter {
    static final String HOSTS = "slipway.http.hosts";
    private static volatile Set<String> hosts = Collections.emptySet();

    /** From now on these, apart by commas, and nobody else. */
    static void admit(String addresses) {
        hosts = new HashSet<>(Arrays.asList(addresses.split("[,\\s]+")));
    }

    @Override
    public void initFilter(FilterContainer container, Configuration configuration) {
        container.addGlobalFilter(
                "slipway-hosts",
                HostFilter.class.getName(),
                Collections.singletonMap("hosts", configuration.get(HOSTS, "")));
    }

    @Override
    public void init(FilterConfig configuration) {
        admit(configuration.getInitParameter("hosts"));
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (hosts.contains(request.getRemoteAddr())) {
            chain.doFilter(request, response);
        } else {
            ((HttpServletResponse) response).sendError(HttpServletResponse.SC_FORBIDDEN);
        }
    }

    @Override
    public void destroy() {}
}
