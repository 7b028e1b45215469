DROP TABLE partner_staff;
DROP TABLE grant_layers;
DROP TABLE grant_approvals;
DROP TABLE grant_tranches;
DROP TABLE grants;
